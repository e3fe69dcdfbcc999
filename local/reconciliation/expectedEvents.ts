import type { Production } from "../interactions/production";
import { assignSessions } from "../interactions/records";
import { producedLines } from "./lines";

/** Sender of an event. `userId` is null for an anonymous visitor. */
export interface Sender {
  userId: string | null;
  sessionId: string;
}

/** An event that Personalize must accept. */
export interface ExpectedEvent {
  sessionId: string;
  /** How often it is sent. */
  times: number;
  /** Items that the session has shown. Only the event that reports them has it. */
  impression?: readonly string[];
  /** Of that event, and of the events that follow its items. */
  recommendationId?: string;
}

/**
 * Identity of an interaction. Equal ones count once, in Personalize as in the lake. The session identifies an anonymous visitor.
 *
 * @param seconds whole epoch seconds
 */
export function identity({ userId, sessionId }: Sender, itemId: string | undefined, seconds: number, eventType: string): string {
  return JSON.stringify([userId ?? { sessionId }, itemId ?? null, seconds, eventType]);
}

/** Reads a line's session and identities. @returns undefined when it is not an event record */
export function readRecord(text: string): { sessionId: string; identities: string[] } | undefined {
  try {
    const { user_id, session_id, event_list } = JSON.parse(text) as {
      user_id?: string;
      session_id: string;
      event_list: { eventType: string; sentAt: number; itemId?: string; properties?: { itemId?: string } }[];
    };
    const sender = { userId: user_id ?? null, sessionId: session_id };
    const identities = event_list.map(({ eventType, sentAt, properties, itemId = properties?.itemId }) =>
      identity(sender, itemId, sentAt, eventType),
    );
    return { sessionId: session_id, identities };
  } catch {
    return undefined;
  }
}

/** What Personalize must accept, by identity: the live rows, the impressions, and the good events of poison records. */
export function expectedEvents(production: Production): Map<string, ExpectedEvent> {
  const expected = new Map<string, ExpectedEvent>();
  const expect = (key: string, sessionId: string, told: Pick<ExpectedEvent, "impression" | "recommendationId"> = {}): void => {
    const known = expected.get(key);
    if (known) known.times += 1;
    else expected.set(key, { sessionId, times: 1, ...told });
  };
  const { table, live, recommended } = production;
  const { all, of } = assignSessions(table, live);
  for (const { id: sessionId, userId, start } of all) {
    const shown = recommended.get(sessionId);
    if (shown === undefined) continue;
    const { items: impression, recommendationId } = shown;
    expect(identity({ userId, sessionId }, undefined, start, "impression"), sessionId, { impression, recommendationId });
  }
  for (const [place, index] of live.entries()) {
    const { userId, itemId, timestamp, eventType } = table.row(index);
    const { id: sessionId } = all[of[place]];
    const { items, recommendationId } = recommended.get(sessionId) ?? {};
    expect(identity({ userId, sessionId }, itemId, timestamp, eventType), sessionId, items?.includes(itemId) ? { recommendationId } : {});
  }
  for (const record of production.records()) {
    if (record.poison === undefined || record.events === 0) continue;
    for (const { text, reason, events } of producedLines(record)) {
      const isWhollyBad = reason !== undefined && events === undefined;
      const { sessionId = "", identities = [] } = (isWhollyBad ? undefined : readRecord(text)) ?? {};
      for (const [index, key] of identities.entries()) if (!events?.includes(index)) expect(key, sessionId);
    }
  }
  return expected;
}
