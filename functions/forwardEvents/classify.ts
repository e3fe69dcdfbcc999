import type { Answer } from "./send";

const TRANSIENT_STATUS = [408, 409, 429];
const TRACKER = /\btracking ?id\b|\bevent ?tracker\b/i;
const QUOTED = /'[^']*'|"[^"]*"/g;
const EVENTS_FAULT = ["InvalidInputException", "ValidationException", "SerializationException"];

/** Why a call was not accepted. */
export interface Failure {
  name: string;
  message: string;
  /** HTTP status; undefined when no answer came. */
  status?: number;
}

/**
 * Reads a failure of one PutEvents request: input that is refused is the events' fault unless the tracker is named outside of quotes;
 * throttling, 5xx, conflicts, timeouts and network errors pass; everything else needs somebody to set something right. The text of a
 * refusal of input stays out of the answer, because it may quote an event.
 */
export function classify({ name, message, status }: Failure): Answer {
  const throttled = status === 429 || /Throttl|TooManyRequests|LimitExceeded|SlowDown/.test(name);
  const failed = { attempts: 1, throttled, error: name };
  if (throttled || status === undefined || status >= 500 || TRANSIENT_STATUS.includes(status)) return { ...failed, verdict: "transient" };
  const isInvalid = EVENTS_FAULT.includes(name);
  if (isInvalid && !TRACKER.test(message.replace(QUOTED, ""))) return { ...failed, verdict: "rejected" };
  const detail = isInvalid ? "the event tracker is named as the reason" : message;
  return { ...failed, verdict: "misconfigured", error: `PutEvents answered ${name} (${status}): ${detail}` };
}
