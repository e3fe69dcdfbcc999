import { assignSessions } from "../interactions/sessions";
import type { Production } from "../interactions/production";

/**
 * Identity of an interaction: equal ones count once, in Personalize as in the lake.
 *
 * @param seconds whole epoch seconds
 */
export function identity(userId: string | null, itemId: string | undefined, seconds: number, eventType: string): string {
  return JSON.stringify([userId, itemId ?? null, seconds, eventType]);
}

/** A record's content as far as identities go; undefined when it is not an event record. */
export function readRecord(text: string): { sessionId: string; identities: string[] } | undefined {
  try {
    const { user_id, session_id, event_list } = JSON.parse(text) as {
      user_id?: string;
      session_id: string;
      event_list: { eventType: string; sentAt: number; itemId?: string }[];
    };
    const identities = event_list.map(({ eventType, sentAt, itemId }) => identity(user_id ?? null, itemId, sentAt, eventType));
    return { sessionId: session_id, identities };
  } catch {
    return undefined;
  }
}

/** What Personalize must accept: each identity with its session, from the live rows and the odd records that are valid. */
export function expectedEvents(production: Production): Map<string, string> {
  const expected = new Map<string, string>();
  const { table, live } = production;
  const { ids, of } = assignSessions(table, live);
  for (const [place, index] of live.entries()) {
    const { userId, itemId, timestamp, eventType } = table.row(index);
    expected.set(identity(userId, itemId, timestamp, eventType), ids[of[place]]);
  }
  for (const { poison, events, data } of production.records()) {
    if (poison === undefined || events === 0) continue;
    const record = readRecord(data.toString());
    for (const one of record?.identities ?? []) expected.set(one, record?.sessionId ?? "");
  }
  return expected;
}
