import type { Json } from "../service";

/** An event as PutEvents takes it. */
export interface TrackedEvent extends Json {
  eventType: string;
  /** Epoch seconds, or whatever the caller sent: see {@link isKept}. */
  sentAt: unknown;
}

/** A PutEvents request that passed validation. */
export interface PutEventsRequest {
  trackingId: string;
  sessionId: string;
  userId?: string;
  eventList: TrackedEvent[];
}

const MAX_EVENTS = 10;
const MAX_EVENT_BYTES = 10 * 1024;
const MAX_IMPRESSION = 25;
/** Names that `properties` may not use, in any case: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
const RESERVED = ["userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"];
/** A number of seconds from here on (the year 5138) was meant in milliseconds. */
const SECONDS_LIMIT = 1e11;

type Check = (value: unknown, path: string) => string | undefined;

const text =
  (max: number): Check =>
  (value, path) => {
    if (typeof value !== "string") return fails(path, "Member must be a string");
    if (value.length < 1) return fails(path, "Member must have length greater than or equal to 1");
    return Array.from(value).length > max ? fails(path, `Member must have length less than or equal to ${max}`) : undefined;
  };
const float: Check = (value, path) =>
  typeof value === "number" && Number.isFinite(value) ? undefined : fails(path, "Member must be a number");
const anything: Check = () => undefined;
const required = ["trackingId", "sessionId", "eventList", "eventType", "sentAt", "eventAttributionSource"];

const REQUEST: Record<string, Check> = { trackingId: text(256), sessionId: text(256), userId: text(256), eventList };
const EVENT: Record<string, Check> = {
  eventType: text(256),
  sentAt: anything,
  eventId: text(256),
  eventValue: float,
  itemId: text(256),
  properties,
  recommendationId: text(40),
  impression,
  metricAttribution: (value, path) => members(value, path, { eventAttributionSource: text(1024) }),
};

/**
 * The first rule that a PutEvents request breaks, in the service's words; nothing when it is valid.
 *
 * @see https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html
 */
export function invalidity(request: Json): string | undefined {
  return members(request, "", REQUEST);
}

/**
 * Whether the service keeps an event that it answered 200 for: not when the session is called "null",
 * nor when sentAt is not a plausible number of epoch seconds.
 *
 * @see https://github.com/aws/aws-sdk-js/issues/3371
 */
export function isKept(sessionId: string, { sentAt }: TrackedEvent): boolean {
  return sessionId !== "null" && typeof sentAt === "number" && sentAt > 0 && sentAt < SECONDS_LIMIT;
}

function members(value: unknown, path: string, checks: Record<string, Check>): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return fails(path, "Member must be a structure");
  const given = value as Json;
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(checks, name));
  if (unknown !== undefined) return fails(at(unknown), "Member must be one that the operation knows");
  for (const [name, check] of Object.entries(checks)) {
    const member = given[name] ?? undefined;
    if (member === undefined && required.includes(name)) return fails(at(name), "Member must not be null");
    const failure = member === undefined ? undefined : check(member, at(name));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function eventList(value: unknown, path: string): string | undefined {
  return items(value, path, MAX_EVENTS, (item, itemPath) => {
    if (Buffer.byteLength(JSON.stringify(item)) > MAX_EVENT_BYTES)
      return fails(itemPath, `Member must have at most ${MAX_EVENT_BYTES} bytes`);
    return members(item, itemPath, EVENT);
  });
}

function impression(value: unknown, path: string): string | undefined {
  return items(value, path, MAX_IMPRESSION, text(256));
}

function items(value: unknown, path: string, max: number, check: Check): string | undefined {
  if (!Array.isArray(value)) return fails(path, "Member must be a list");
  if (value.length < 1) return fails(path, "Member must have length greater than or equal to 1");
  if (value.length > max) return fails(path, `Member must have length less than or equal to ${max}`);
  for (const [i, item] of value.entries()) {
    const failure = check(item, `${path}.${i + 1}.member`);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function properties(value: unknown, path: string): string | undefined {
  const failure = text(1024)(value, path);
  if (failure !== undefined) return failure;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value as string);
  } catch {
    return "Error parsing properties json";
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return "Error parsing properties json";
  const reserved = Object.keys(parsed).find((key) => RESERVED.includes(key.toLowerCase()));
  return reserved === undefined ? undefined : fails(path, `Member must not have the reserved key ${reserved}`);
}

const fails = (path: string, rule: string): string =>
  `1 validation error detected: Value at '${path}' failed to satisfy constraint: ${rule}`;
