import { createHash } from "node:crypto";

const MAX_ID_CHARACTERS = 256;
const MAX_RECOMMENDATION_ID_CHARACTERS = 40;
const MAX_ATTRIBUTION_SOURCE_CHARACTERS = 1024;
const MAX_PROPERTIES_CHARACTERS = 1024;
const MAX_IMPRESSION_ITEMS = 25;
const MAX_EVENT_BYTES = 10 * 1024;
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
/** Words that exports and clients write for "no value"; Athena reads a number beyond a double as Infinity. */
const NO_VALUE = /^(?:\\N|null|NULL|None|undefined|nan|NaN|<NA>|-?Infinity)$/;
/** Names that the service keeps for itself: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
const RESERVED_PROPERTY = /^(?:userId|sessionId|eventType|timestamp|recommendationId|impression)$/i;
const RECORD_MEMBERS = ["user_id", "session_id", "event_list"];
const EVENT_MEMBERS = "eventType sentAt itemId eventId eventValue properties impression recommendationId metricAttribution".split(" ");
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|([+-])(\d{2}):?(\d{2}))?)?$/;
const MILLISECONDS_FROM = 1e11;
const SECONDS_PER_DAY = 86_400;

/** Why a whole line is bad, or a record that cannot be taken apart into lines. */
export type LineReason =
  | "badBase64"
  | "badAggregate"
  | "badUtf8"
  | "lineBreakInJson"
  | "badJson"
  | "notAnObject"
  | "misspeltMember"
  | "badUserId"
  | "badSessionId"
  | "badEventList";

/** Why a single event is bad. */
export type EventReason =
  | "badEvent"
  | "misspeltMember"
  | "badEventType"
  | "badSentAt"
  | "badItemId"
  | "badEventId"
  | "badEventValue"
  | "badProperties"
  | "badImpression"
  | "badRecommendationId"
  | "badMetricAttribution"
  | "eventTooLarge";

/** The sender of an event: a user, or the session of an anonymous user. */
export interface Sender {
  userId: string | undefined;
  sessionId: string;
}

/** An event in the form that PutEvents takes: `sentAt` in whole epoch seconds, `properties` as JSON text. */
export interface TrackedEvent {
  eventType: string;
  sentAt: number;
  itemId?: string;
  eventValue?: number;
  properties?: string;
  impression?: string[];
  recommendationId?: string;
  metricAttribution?: { eventAttributionSource: string };
  eventId: string;
}

/** A line's sender and its events, which are not validated yet; or the reason why the line is bad. */
export type DecodedLine = ({ ok: true; events: readonly unknown[] } & Sender) | { ok: false; reason: LineReason };

/** A valid event, or the reason why it is bad. */
export type ValidatedEvent = { ok: true; event: TrackedEvent } | { ok: false; reason: EventReason };

/**
 * Decodes a line of a stream record. Limits of the ids:
 * [PutEvents](https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html).
 *
 * @param text a JSON object `{user_id?, session_id, event_list}`
 */
export function decodeLine(text: string): DecodedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: "badJson" };
  }
  if (!isObject(value)) return { ok: false, reason: "notAnObject" };
  if (hasMisspelt(value, RECORD_MEMBERS)) return { ok: false, reason: "misspeltMember" };
  const userId = value.user_id ?? undefined;
  const { session_id: sessionId, event_list: events } = value;
  if (userId !== undefined && !isId(userId)) return { ok: false, reason: "badUserId" };
  if (!isId(sessionId)) return { ok: false, reason: "badSessionId" };
  if (!Array.isArray(events) || events.length === 0) return { ok: false, reason: "badEventList" };
  return { ok: true, userId, sessionId, events };
}

/**
 * Validates one event against the limits of
 * [PutEvents](https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html), which rejects a whole call for one bad event.
 * Members that are null count as absent. Unknown members are dropped, but for misspelt ones, which make the event bad. An item or a value
 * among the properties counts as the event's own where that has none, as
 * [older clients](https://awscli.amazonaws.com/v2/documentation/api/2.0.33/reference/personalize-events/put-events.html) send it.
 *
 * @param value the event as the producer wrote it
 * @param sender part of the eventId that an event without one gets
 * @param arrivedSeconds when the record reached the stream, in epoch seconds
 */
export function validateEvent(value: unknown, sender: Sender, arrivedSeconds: number): ValidatedEvent {
  if (!isObject(value)) return { ok: false, reason: "badEvent" };
  if (hasMisspelt(value, EVENT_MEMBERS)) return { ok: false, reason: "misspeltMember" };
  const { eventType } = value;
  if (!isId(eventType)) return { ok: false, reason: "badEventType" };
  const sentAt = parseSentAt(value.sentAt, arrivedSeconds);
  if (sentAt === undefined) return { ok: false, reason: "badSentAt" };
  const hasProperties = value.properties !== undefined && value.properties !== null;
  const read = hasProperties ? readProperties(value.properties) : undefined;
  const itemId = value.itemId ?? read?.members.itemId ?? undefined;
  if (itemId !== undefined && !isId(itemId)) return { ok: false, reason: "badItemId" };
  const givenId = value.eventId ?? undefined;
  if (givenId !== undefined && !isId(givenId)) return { ok: false, reason: "badEventId" };
  const eventValue = value.eventValue ?? numberOf(read?.members.eventValue) ?? undefined;
  if (eventValue !== undefined && !isFloat(eventValue)) return { ok: false, reason: "badEventValue" };
  if (hasProperties && (read === undefined || hasReserved(read.members))) return { ok: false, reason: "badProperties" };
  const properties = read?.text;
  const impression = value.impression ?? undefined;
  if (impression !== undefined && !isImpression(impression)) return { ok: false, reason: "badImpression" };
  const recommendationId = value.recommendationId ?? undefined;
  if (recommendationId !== undefined && !isId(recommendationId, MAX_RECOMMENDATION_ID_CHARACTERS))
    return { ok: false, reason: "badRecommendationId" };
  const attribution = value.metricAttribution ?? undefined;
  if (attribution !== undefined && !isAttribution(attribution)) return { ok: false, reason: "badMetricAttribution" };
  const metricAttribution = attribution && { eventAttributionSource: attribution.eventAttributionSource };

  const content = { eventType, sentAt, itemId, eventValue, properties, impression, recommendationId, metricAttribution };
  const text = JSON.stringify(content);
  const eventId = givenId ?? contentHash(sender, text);
  if (Buffer.byteLength(text) + Buffer.byteLength(eventId) > MAX_EVENT_BYTES) return { ok: false, reason: "eventTooLarge" };
  return { ok: true, event: { ...content, eventId } };
}

/**
 * Parses an event's time.
 *
 * @param value epoch seconds, epoch milliseconds (1e11 and above), or an ISO 8601 date or date-time, with `T` or a
 *   space, in UTC unless it has a zone
 * @param arrivedSeconds when the record reached the stream, in epoch seconds
 * @returns epoch seconds, rounded down; undefined when the value is not a time, is 0 or negative, or is more than a day after the arrival
 */
export function parseSentAt(value: unknown, arrivedSeconds: number): number | undefined {
  const seconds = typeof value === "number" ? secondsOfNumber(value) : typeof value === "string" ? secondsOfIso(value) : undefined;
  if (seconds === undefined || !Number.isFinite(seconds) || seconds <= 0 || seconds > arrivedSeconds + SECONDS_PER_DAY) return undefined;
  return seconds;
}

/** Whether a value is a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a value is a text that Personalize and the exported CSV accept: no control character, no half of a surrogate pair.
 *
 * @param max most characters (code points); the text must have at least one
 */
export function isText(value: unknown, max: number): value is string {
  if (typeof value !== "string" || value === "" || value.length > 2 * max) return false;
  return (value.length <= max || Array.from(value).length <= max) && !UNPRINTABLE.test(value);
}

/** Whether a value is an id, an event type or a source: a text that is no word for "no value". */
function isId(value: unknown, max = MAX_ID_CHARACTERS): value is string {
  return isText(value, max) && !NO_VALUE.test(value);
}

function secondsOfNumber(value: number): number {
  return Math.floor(value >= MILLISECONDS_FROM ? value / 1000 : value);
}

function secondsOfIso(value: string): number | undefined {
  const match = ISO.exec(value);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, offsetHour, offsetMinute] = [1, 2, 3, 4, 5, 6, 8, 9].map((i) => Number(match[i] ?? 0));
  if (year < 1970 || hour > 23 || minute > 59 || second > 59 || offsetMinute > 59 || offsetHour * 60 + offsetMinute > 14 * 60)
    return undefined;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offsetSeconds = (offsetHour * 60 + offsetMinute) * 60 * (match[7] === "-" ? -1 : 1);
  return date.getTime() / 1000 - offsetSeconds;
}

function contentHash({ userId, sessionId }: Sender, text: string): string {
  const sender = userId === undefined ? { session: sessionId } : { user: userId };
  return createHash("sha256").update(JSON.stringify(sender)).update(text).digest("hex");
}

/** The service stores 32 bits. */
function isFloat(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(Math.fround(value));
}

function isImpression(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= MAX_IMPRESSION_ITEMS && value.every((id) => isId(id));
}

function isAttribution(value: unknown): value is { eventAttributionSource: string } {
  return isObject(value) && isId(value.eventAttributionSource, MAX_ATTRIBUTION_SOURCE_CHARACTERS);
}

/** Properties as they are sent, and what they hold. */
interface Properties {
  text: string;
  members: Record<string, unknown>;
}

/** @returns undefined when the properties are not a JSON object, or too long */
function readProperties(value: unknown): Properties | undefined {
  try {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const members: unknown = typeof value === "string" ? JSON.parse(value) : value;
    const isShort = Array.from(text).length <= MAX_PROPERTIES_CHARACTERS;
    return isShort && isObject(members) ? { text, members } : undefined;
  } catch {
    return undefined;
  }
}

function hasReserved(members: Record<string, unknown>): boolean {
  return Object.keys(members).some((name) => RESERVED_PROPERTY.test(name));
}

/** The number of a text, as older clients send it among the properties; other values as they are. */
function numberOf(value: unknown): unknown {
  return typeof value === "string" && NUMBER.test(value) ? Number(value) : value;
}

/** Whether a member's name is a known one but for case, "_" or "-", while the known one is absent. */
function hasMisspelt(members: Record<string, unknown>, known: readonly string[]): boolean {
  const unknown = Object.keys(members).filter((name) => !known.includes(name));
  if (unknown.length === 0) return false;
  const isAbsent = (name: string): boolean => (members[name] ?? undefined) === undefined;
  const plain = (name: string): string => name.replaceAll(/[_-]/g, "").toLowerCase();
  const others = unknown.filter((name) => !isAbsent(name)).map(plain);
  return known.some((name) => isAbsent(name) && others.includes(plain(name)));
}
