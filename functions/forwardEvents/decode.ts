import { isUtf8 } from "node:buffer";

const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Why a whole record is bad. */
export type RecordReason = "badBase64" | "badUtf8" | "badJson" | "notAnObject" | "badUserId" | "badSessionId" | "badEventList";

/** A record whose sender is known, or why it has none; its events are still to be validated. */
export type Decoded =
  { ok: true; userId: string | undefined; sessionId: string; events: readonly unknown[] } | { ok: false; reason: RecordReason };

/** True for a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * True for an identifier as Personalize and the exported CSV take it: 1 to `max` characters, none of them a control character or
 * half of a surrogate pair.
 */
export function isText(value: unknown, max: number): value is string {
  if (typeof value !== "string" || value === "" || value.length > 2 * max) return false;
  return (value.length <= max || Array.from(value).length <= max) && !UNPRINTABLE.test(value);
}

/**
 * Reads the payload of a stream record.
 *
 * @param data base64 of a JSON object `{user_id?, session_id, event_list}` in UTF-8, as the event source mapping hands it over
 */
export function decode(data: string): Decoded {
  const bytes = Buffer.from(data, "base64");
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  if (bytes.length !== (data.length / 4) * 3 - padding) return { ok: false, reason: "badBase64" };
  if (!isUtf8(bytes)) return { ok: false, reason: "badUtf8" };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return { ok: false, reason: "badJson" };
  }
  if (!isObject(value)) return { ok: false, reason: "notAnObject" };
  const userId = value.user_id ?? undefined;
  const { session_id: sessionId, event_list: events } = value;
  if (userId !== undefined && !isText(userId, 256)) return { ok: false, reason: "badUserId" };
  if (!isText(sessionId, 256) || sessionId === "null") return { ok: false, reason: "badSessionId" };
  if (!Array.isArray(events) || events.length === 0) return { ok: false, reason: "badEventList" };
  return { ok: true, userId, sessionId, events };
}
