import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { TokenBucket } from "../kinesis/throttle";
import { operations } from "../operation";
import type { Cloud, Json, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import { type AcceptedEvent, interactionOf, type StreamedInteraction, type TrackedEvent } from "./interactions";
import { EVENT_TRACKER, invalid, type Lifecycle, type Resource } from "./lifecycle";
import { DIALECT } from "./operations";

/** Requests per second and dataset group: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const REQUESTS_PER_SECOND = 1000;
const MAX_EVENT_BYTES = 10 * 1024;
/** Names that `properties` may not use, in any case: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
const RESERVED = ["userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"];
/** Larger times (from the year 5138 on) are taken for milliseconds. */
const SECONDS_LIMIT = 1e11;

/** A string whose length counts characters, not UTF-16 units. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .refine((value) => Array.from(value).length <= max, `Member must have length less than or equal to ${max}`);

const EVENT = z
  .strictObject({
    eventType: text(256),
    // The service answers 200 for a time in a wrong form, see isKept.
    sentAt: z.unknown().refine((value) => value !== undefined, "Member must not be null"),
    eventId: text(256).optional(),
    eventValue: z.number().optional(),
    itemId: text(256).optional(),
    properties: text(1024).optional(),
    recommendationId: text(40).optional(),
    impression: z.array(text(256)).min(1).max(25).optional(),
    metricAttribution: z.strictObject({ eventAttributionSource: text(1024) }).optional(),
  })
  .refine((event) => Buffer.byteLength(JSON.stringify(event)) <= MAX_EVENT_BYTES, `Member must have at most ${MAX_EVENT_BYTES} bytes`);
/** https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html */
const MEMBERS = {
  trackingId: text(256),
  sessionId: text(256),
  userId: text(256).optional(),
  eventList: z.array(EVENT).min(1).max(10),
};
type Request = z.output<z.ZodObject<typeof MEMBERS>>;

/** What PutEvents needs of the service. */
export interface PutEventsPorts {
  cloud: Cloud;
  lifecycle: Lifecycle;
  /** Real milliseconds that an answer takes at least. */
  latencyMs: number;
  /** Why a valid event is rejected; undefined when it is not. */
  rejects: (event: TrackedEvent) => string | undefined;
  /** Receives each accepted interaction. */
  accept: (datasetGroupArn: string, interaction: StreamedInteraction) => void;
}

/**
 * PutEvents. Before it answers, it appends accepted events to the log "events" and every call, refused or not, to the log "calls". That
 * is why it checks the request when it runs, after the caller's permissions.
 */
export function putEventsOperations({ cloud, lifecycle, latencyMs, rejects, accept }: PutEventsPorts): Record<string, Operation> {
  const store = cloud.store("personalize");
  const budgets = new Map<string, TokenBucket>();
  let calls = 0;

  function admit({ properties }: Resource): void {
    const group = String(properties.DatasetGroupArn);
    const budget = budgets.get(group) ?? new TokenBucket(REQUESTS_PER_SECOND);
    budgets.set(group, budget);
    if (!budget.allows(1, cloud.clock.now())) throw new ServiceError("ThrottlingException", "Rate exceeded");
    budget.take(1);
  }

  function read(input: Json): { tracker: Resource; request: Request } {
    const tracker = lifecycle.all(EVENT_TRACKER).find(({ attributes }) => attributes.TrackingId === input.trackingId);
    if (tracker) admit(tracker);
    const request = checked.parse?.(input) as Request;
    for (const event of request.eventList) {
      if (event.properties !== undefined) checkProperties(event.properties);
      const reason = rejects(event);
      if (reason !== undefined) throw invalid(reason);
    }
    if (!tracker) throw new ServiceError("ResourceNotFoundException", `No event tracker has the tracking id ${request.trackingId}.`, 404);
    if (tracker.status === "ACTIVE") return { tracker, request };
    throw new ServiceError("ResourceInUseException", `Event tracker ${tracker.arn} is in status ${tracker.status}.`, 409);
  }

  async function put(input: Json): Promise<Reply> {
    const call = ++calls;
    const at = cloud.clock.now();
    const latency = setTimeout(latencyMs);
    const log = (status: string) =>
      store.append("calls", { at, call, status, events: Array.isArray(input.eventList) ? input.eventList.length : 0 });
    try {
      const { tracker, request } = read(input);
      const { trackingId, sessionId, userId = null, eventList } = request;
      const datasetGroupArn = String(tracker.properties.DatasetGroupArn);
      const kept = eventList.filter((event) => isKept(sessionId, event));
      const entries = kept.map((event): AcceptedEvent => ({ at, call, trackingId, datasetGroupArn, sessionId, userId, event }));
      await Promise.all([...entries.map((entry) => store.append("events", { ...entry })), log("accepted"), latency]);
      for (const entry of entries) {
        const interaction = interactionOf(entry);
        if (interaction) accept(datasetGroupArn, interaction);
      }
      return {};
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      await Promise.all([log(error.code === "ThrottlingException" ? "throttled" : "invalid"), latency]);
      throw error;
    }
  }

  const { PutEvents: checked } = operations(DIALECT, { PutEvents: { members: MEMBERS, resources: () => "*", run: () => undefined } });
  return { "POST /events": { permissions: checked.permissions, run: put } };
}

/** @throws ServiceError InvalidInputException */
function checkProperties(properties: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(properties);
  } catch {
    throw invalid("Error parsing properties json");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw invalid("Error parsing properties json");
  const reserved = Object.keys(parsed).find((key) => RESERVED.includes(key.toLowerCase()));
  if (reserved !== undefined) throw invalid(`Properties must not have the reserved key ${reserved}`);
}

/**
 * Whether the service keeps an event that it answers 200 for. It drops events of a session called "null", and events whose sentAt is not a
 * plausible number of epoch seconds.
 *
 * @see https://github.com/aws/aws-sdk-js/issues/3371
 */
function isKept(sessionId: string, { sentAt }: TrackedEvent): boolean {
  return sessionId !== "null" && typeof sentAt === "number" && sentAt > 0 && sentAt < SECONDS_LIMIT;
}
