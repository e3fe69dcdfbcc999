import type { Answer } from "./send";

const TRANSIENT_STATUS = [408, 409, 429];
const TRACKER = /\btracking ?id\b|\bevent ?tracker\b/i;
const QUOTED = /'[^']*'|"[^"]*"/g;
const EVENTS_FAULT = ["InvalidInputException", "ValidationException", "SerializationException"];

/**
 * Reads a failure of PutEvents: input that is refused is the events' fault unless the tracker is named outside of quotes; throttling, 5xx, conflicts,
 * timeouts, network errors and a clock that the SDK has set right pass; everything else needs somebody to set something right. The text of such a refusal
 * stays out of the answer, because it may quote an event.
 *
 * @param error as the SDK throws it
 */
export function classify(error: unknown): Answer {
  const { name, message, $metadata } = error as Error & {
    $metadata?: { httpStatusCode?: number; attempts?: number; clockSkewCorrected?: boolean };
  };
  const status = $metadata?.httpStatusCode;
  const attempts = $metadata?.attempts ?? 1;
  const throttled = status === 429 || /Throttl|TooManyRequests|LimitExceeded|SlowDown/.test(name);
  if (throttled || $metadata?.clockSkewCorrected || status === undefined || status >= 500 || TRANSIENT_STATUS.includes(status)) {
    return { verdict: "transient", attempts, throttled, error: name };
  }
  const isInvalid = EVENTS_FAULT.includes(name);
  if (isInvalid && !TRACKER.test(message.replace(QUOTED, ""))) return { verdict: "rejected", attempts, throttled, error: name };
  const detail = isInvalid ? "the event tracker is named as the reason" : message;
  return { verdict: "misconfigured", attempts, throttled, error: `PutEvents answered ${name} (${status}): ${detail}` };
}
