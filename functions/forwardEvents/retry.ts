import type { Answer, SendPorts } from "./send";

const MOST_ATTEMPTS = 3;
const BACKOFF_MILLISECONDS = 100;
const THROTTLED_BACKOFF_MILLISECONDS = 500;

/** What retries need from the world. */
export interface RetryPorts extends Pick<SendPorts, "reserve" | "sleep"> {
  /** A number from 0 up to 1. */
  random(): number;
  /** A clock in milliseconds. */
  now(): number;
}

/**
 * Makes a call again after a transient failure, at most twice. A retry takes its place in the rate of calls like any other call, after
 * a random share of a delay that doubles; throttling starts with a longer one, as the
 * [SDKs' standard mode](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html) does.
 *
 * @param attempt makes one request within the given time; its place is taken already
 * @param milliseconds until the last attempt must have ended; no attempt starts that would begin later
 */
export async function withRetries(
  attempt: (milliseconds: number) => Promise<Answer>,
  ports: RetryPorts,
  milliseconds: number,
): Promise<Answer> {
  const end = ports.now() + milliseconds;
  for (let attempts = 1; ; attempts += 1) {
    const answer = await attempt(end - ports.now());
    const last = { ...answer, attempts };
    if (answer.verdict !== "transient" || attempts === MOST_ATTEMPTS) return last;
    const base = answer.throttled ? THROTTLED_BACKOFF_MILLISECONDS : BACKOFF_MILLISECONDS;
    const backoff = ports.random() * base * 2 ** (attempts - 1);
    if (ports.now() + backoff >= end) return last;
    await ports.sleep(backoff);
    const wait = ports.reserve();
    if (ports.now() + wait >= end) return last;
    if (wait > 0) await ports.sleep(wait);
  }
}
