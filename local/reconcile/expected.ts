import { assignSessions } from "../interactions/sessions";
import type { Production } from "../interactions/production";

/** Who sent an event; `userId` is null for an anonymous visitor. */
export interface Sender {
  userId: string | null;
  sessionId: string;
}

/** An event that Personalize must accept. */
export interface ExpectedEvent {
  sessionId: string;
  /** How often it is sent. */
  times: number;
}

/**
 * Identity of an interaction: equal ones count once, in Personalize as in the lake. An anonymous visitor is known by the session.
 *
 * @param seconds whole epoch seconds
 */
export function identity({ userId, sessionId }: Sender, itemId: string | undefined, seconds: number, eventType: string): string {
  return JSON.stringify([userId ?? { sessionId }, itemId ?? null, seconds, eventType]);
}

/** A record's content as far as identities go; undefined when it is not an event record. */
export function readRecord(text: string): { sessionId: string; identities: string[] } | undefined {
  try {
    const { user_id, session_id, event_list } = JSON.parse(text) as {
      user_id?: string;
      session_id: string;
      event_list: { eventType: string; sentAt: number; itemId?: string }[];
    };
    const sender = { userId: user_id ?? null, sessionId: session_id };
    const identities = event_list.map(({ eventType, sentAt, itemId }) => identity(sender, itemId, sentAt, eventType));
    return { sessionId: session_id, identities };
  } catch {
    return undefined;
  }
}

/** What Personalize must accept, by identity: the live rows, and the good events of poison records. */
export function expectedEvents(production: Production): Map<string, ExpectedEvent> {
  const expected = new Map<string, ExpectedEvent>();
  const expect = (key: string, sessionId: string): void => {
    const known = expected.get(key);
    if (known) known.times += 1;
    else expected.set(key, { sessionId, times: 1 });
  };
  const { table, live } = production;
  const { ids, of } = assignSessions(table, live);
  for (const [place, index] of live.entries()) {
    const { userId, itemId, timestamp, eventType } = table.row(index);
    const sessionId = ids[of[place]];
    expect(identity({ userId, sessionId }, itemId, timestamp, eventType), sessionId);
  }
  for (const { poison, events, deadLetter, data } of production.records()) {
    if (poison === undefined || events === 0) continue;
    const { sessionId = "", identities = [] } = readRecord(data.toString()) ?? {};
    for (const [index, key] of identities.entries()) if (!deadLetter?.events?.includes(index)) expect(key, sessionId);
  }
  return expected;
}
