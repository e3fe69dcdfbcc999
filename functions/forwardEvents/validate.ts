import { createHash } from "node:crypto";
import { isObject, isText } from "./decode";
import { parseSentAt } from "./sentAt";

const EVENT_BYTES = 10 * 1024;

/** Why a single event is bad. */
export type EventReason =
  | "badEvent"
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

/** An event as it goes to Personalize, with `sentAt` in whole epoch seconds and `properties` as JSON text. */
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

/** Who sent an event: the user, or the session of an anonymous one. */
export interface Sender {
  userId: string | undefined;
  sessionId: string;
}

export type Validated = { ok: true; event: TrackedEvent } | { ok: false; reason: EventReason };

/**
 * Checks one event against the limits of
 * [PutEvents](https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html), which refuses a whole call for one bad event.
 * Members that are null count as absent; unknown ones are left out.
 *
 * @param value the event as the producer wrote it
 * @param sender part of the identity of an event that comes without an eventId
 * @param arrivedSeconds when the record reached the stream, in epoch seconds
 */
export function validateEvent(value: unknown, sender: Sender, arrivedSeconds: number): Validated {
  if (!isObject(value)) return { ok: false, reason: "badEvent" };
  const { eventType } = value;
  if (!isText(eventType, 256)) return { ok: false, reason: "badEventType" };
  const sentAt = parseSentAt(value.sentAt, arrivedSeconds);
  if (sentAt === undefined) return { ok: false, reason: "badSentAt" };
  const itemId = value.itemId ?? undefined;
  if (itemId !== undefined && !isText(itemId, 256)) return { ok: false, reason: "badItemId" };
  const givenId = value.eventId ?? undefined;
  if (givenId !== undefined && !isText(givenId, 256)) return { ok: false, reason: "badEventId" };
  const eventValue = value.eventValue ?? undefined;
  if (eventValue !== undefined && !isFloat(eventValue)) return { ok: false, reason: "badEventValue" };
  const properties = value.properties === undefined || value.properties === null ? undefined : propertiesText(value.properties);
  if (properties === "") return { ok: false, reason: "badProperties" };
  const impression = value.impression ?? undefined;
  if (impression !== undefined && !isImpression(impression)) return { ok: false, reason: "badImpression" };
  const recommendationId = value.recommendationId ?? undefined;
  if (recommendationId !== undefined && !isText(recommendationId, 40)) return { ok: false, reason: "badRecommendationId" };
  const attribution = value.metricAttribution ?? undefined;
  if (attribution !== undefined && !isAttribution(attribution)) return { ok: false, reason: "badMetricAttribution" };
  const metricAttribution = attribution && { eventAttributionSource: attribution.eventAttributionSource };

  const content = { eventType, sentAt, itemId, eventValue, properties, impression, recommendationId, metricAttribution };
  const text = JSON.stringify(content);
  const eventId = givenId ?? contentHash(sender, text);
  if (Buffer.byteLength(text) + Buffer.byteLength(eventId) > EVENT_BYTES) return { ok: false, reason: "eventTooLarge" };
  return { ok: true, event: { ...content, eventId } };
}

function contentHash(sender: Sender, text: string): string {
  const who = sender.userId === undefined ? { session: sender.sessionId } : { user: sender.userId };
  return createHash("sha256").update(JSON.stringify(who)).update(text).digest("hex");
}

/** The service keeps 32 bits. */
function isFloat(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(Math.fround(value));
}

function isImpression(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= 25 && value.every((id) => isText(id, 256));
}

function isAttribution(value: unknown): value is { eventAttributionSource: string } {
  return isObject(value) && isText(value.eventAttributionSource, 1024);
}

/** The properties as JSON text of 1 to 1024 characters; empty when they are no JSON object or too long. */
function propertiesText(value: unknown): string {
  try {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return Array.from(text).length <= 1024 && isObject(typeof value === "string" ? JSON.parse(value) : value) ? text : "";
  } catch {
    return "";
  }
}
