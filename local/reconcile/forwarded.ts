import { problem, type Problem, type Report } from "../report";
import { identity } from "./expected";

/** One event that Personalize accepted, as its log has it. */
export interface AcceptedEvent {
  trackingId: string;
  sessionId: string;
  userId: string | null;
  event: { eventId?: string; eventType: string; sentAt: number; itemId?: string };
}

/** One PutEvents call, as the log has it. */
export interface PutEventsCall {
  status: "accepted" | "throttled" | "invalid";
  events: number;
}

/** What Personalize accepted, against what it must have. */
export interface ForwardedFindings {
  forwarded: Report["forwarded"];
  problems: Problem[];
}

/** What the comparison starts from. */
export interface ForwardedOptions {
  /** Each expected identity with its session. */
  expected: Map<string, string>;
  /** The tenant's event tracker. */
  trackingId: string;
  accepted: AsyncIterable<AcceptedEvent>;
  calls: AsyncIterable<PutEventsCall>;
}

/**
 * Compares accepted events with the expected identities. An event that comes again with the same id and content is `redelivered`;
 * one identity under two event ids, or one event id with two contents, is `doubled`; an identity that nobody expects, or that
 * comes under another session or tracker, is `changed`.
 */
export async function compareForwarded(options: ForwardedOptions): Promise<ForwardedFindings> {
  const { expected, trackingId } = options;
  const contents = new Map<string, string>();
  const ids = new Map<string, string>();
  const seen = { events: 0, redelivered: 0, doubled: [] as string[], changed: [] as string[] };
  for await (const accepted of options.accepted) {
    const { event, sessionId, userId } = accepted;
    const key = identity(userId, event.itemId, Math.floor(event.sentAt), event.eventType);
    const content = JSON.stringify([sessionId, userId, Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1))]);
    const eventId = event.eventId ?? "";
    const knownId = ids.get(key);
    const knownContent = contents.get(eventId);
    seen.events += 1;
    if (knownId === eventId && knownContent === content) seen.redelivered += 1;
    else if (knownId !== undefined || (eventId !== "" && knownContent !== undefined)) seen.doubled.push(`${eventId} ${key}`);
    if (expected.get(key) !== sessionId || accepted.trackingId !== trackingId) seen.changed.push(`${sessionId} ${key}`);
    ids.set(key, eventId);
    contents.set(eventId, content);
  }
  const missing = [...expected.keys()].filter((key) => !ids.has(key));
  const { accepted: calls, throttled } = await countCalls(options.calls);
  const { events, redelivered, doubled, changed } = seen;
  return {
    forwarded: {
      events,
      distinct: ids.size,
      redelivered,
      calls,
      eventsPerCall: calls === 0 ? 0 : Math.round((events / calls) * 1000) / 1000,
      throttled,
      missing: missing.length,
      doubled: doubled.length,
      changed: changed.length,
    },
    problems: Object.entries({ missing, doubled, changed })
      .filter(([, examples]) => examples.length > 0)
      .map(([name, examples]) => problem(`forwarded.${name}`, 0, examples.length, examples)),
  };
}

async function countCalls(calls: AsyncIterable<PutEventsCall>): Promise<Record<PutEventsCall["status"], number>> {
  const counts = { accepted: 0, throttled: 0, invalid: 0 };
  for await (const { status } of calls) counts[status] += 1;
  return counts;
}
