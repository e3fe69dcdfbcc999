import type { Answer } from "./send";

const TRANSIENT_STATUS = [408, 409, 429];
const TRACKER = /\btracking ?id\b|tracker\b/i;

/**
 * Reads a failure of PutEvents: InvalidInputException is the events' fault unless it names the tracker; throttling, 5xx, conflicts,
 * timeouts and network errors pass; everything else needs somebody to set something right. The text of an InvalidInputException
 * stays out of the answer, because it may quote an event.
 *
 * @param error as the SDK throws it
 */
export function classify(error: unknown): Answer {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number; attempts?: number } };
  const status = $metadata?.httpStatusCode;
  const attempts = $metadata?.attempts ?? 1;
  const throttled = status === 429 || /Throttl|TooManyRequests|LimitExceeded|SlowDown/.test(name);
  if (throttled || status === undefined || status >= 500 || TRANSIENT_STATUS.includes(status)) {
    return { verdict: "transient", attempts, throttled, error: name };
  }
  const isInvalid = name === "InvalidInputException";
  if (isInvalid && !TRACKER.test(message)) return { verdict: "rejected", attempts, throttled, error: name };
  const detail = isInvalid ? "the event tracker is named as the reason" : message;
  return { verdict: "misconfigured", attempts, throttled, error: `PutEvents answered ${name} (${status}): ${detail}` };
}
