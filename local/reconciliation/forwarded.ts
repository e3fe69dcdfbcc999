import { isDeepStrictEqual } from "node:util";
import { problem, type Problem, type Report } from "../report";
import { identity, type ExpectedEvent } from "./expectedEvents";

/** An event that Personalize accepted, as in its log. */
export interface AcceptedEvent {
  trackingId: string;
  sessionId: string;
  userId: string | null;
  event: { eventId?: string; eventType: string; sentAt: number; itemId?: string; impression?: string[]; recommendationId?: string };
}

/** A PutEvents call, as in the log. */
export interface PutEventsCall {
  status: "accepted" | "throttled" | "invalid";
  events: number;
}

/** What Personalize accepted, compared with what it must have accepted. */
export interface ForwardedFindings {
  forwarded: Report["forwarded"];
  problems: Problem[];
}

/** What to compare. */
export interface ForwardedOptions {
  /** What must be accepted, by identity. */
  expected: Map<string, ExpectedEvent>;
  /** The tenant's event tracker. */
  trackingId: string;
  accepted: AsyncIterable<AcceptedEvent>;
  calls: AsyncIterable<PutEventsCall>;
}

/**
 * Compares accepted events with the expected identities. An event that comes again with the same id and content is `redelivered`. One
 * identity under two event ids, or one event id with two contents, is `doubled`. An identity that is not expected, or that has another
 * session, tracker or recommendation, is `changed`. An event that was sent twice and accepted once is `missing` once.
 */
export async function compareForwarded(options: ForwardedOptions): Promise<ForwardedFindings> {
  const { expected, trackingId } = options;
  const contents = new Map<string, string>();
  const known = new Map<string, { id: string; times: number }>();
  const seen = { events: 0, redelivered: 0, doubled: [] as string[], changed: [] as string[] };
  for await (const accepted of options.accepted) {
    const { event, sessionId, userId } = accepted;
    const key = identity({ userId, sessionId }, event.itemId, Math.floor(event.sentAt), event.eventType);
    const content = JSON.stringify([sessionId, userId, Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1))]);
    const eventId = event.eventId ?? "";
    const before = known.get(key);
    const knownContent = contents.get(eventId);
    seen.events += 1;
    if (before?.id === eventId && knownContent === content) seen.redelivered += 1;
    else if (before !== undefined || (eventId !== "" && knownContent !== undefined)) seen.doubled.push(`${eventId} ${key}`);
    if (!isAsExpected(accepted, expected.get(key)) || accepted.trackingId !== trackingId) seen.changed.push(`${sessionId} ${key}`);
    known.set(key, { id: eventId, times: (before?.times ?? 0) + 1 });
    contents.set(eventId, content);
  }
  const missing = [...expected].flatMap(([key, { times }]) => {
    const lost = times - (known.get(key)?.times ?? 0);
    return Array.from({ length: Math.max(0, lost) }, () => key);
  });
  const { accepted: calls, throttled } = await countCalls(options.calls);
  const { events, redelivered, doubled, changed } = seen;
  return {
    forwarded: {
      events,
      distinct: known.size,
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

function isAsExpected({ sessionId, event }: AcceptedEvent, expected: ExpectedEvent | undefined): boolean {
  if (expected?.sessionId !== sessionId || expected.recommendationId !== event.recommendationId) return false;
  return isDeepStrictEqual(expected.impression, event.impression);
}

async function countCalls(calls: AsyncIterable<PutEventsCall>): Promise<Record<PutEventsCall["status"], number>> {
  const counts = { accepted: 0, throttled: 0, invalid: 0 };
  for await (const { status } of calls) counts[status] += 1;
  return counts;
}
