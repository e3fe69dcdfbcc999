import { createHash } from "node:crypto";
import type { InteractionTable } from "./table";

/** A pause longer than this ends a session. */
export const SESSION_GAP_SECONDS = 30 * 60;

/** A visit of a user. */
export interface Session {
  id: string;
  userId: string;
  /** When it begins, in epoch seconds. */
  start: number;
}

/** Sessions of the live rows. */
export interface Sessions {
  /** In the order in which they begin; a session's index is its place here. */
  all: Session[];
  /** For each live row, in order, the index of its session. */
  of: Uint32Array;
}

/**
 * Parts each user's rows into sessions: a pause of more than 30 minutes begins a new one. Ids depend on the rows alone.
 *
 * @param live row indexes in order of time
 */
export function assignSessions(table: InteractionTable, live: Uint32Array): Sessions {
  const all: Session[] = [];
  const of = new Uint32Array(live.length);
  const open = new Map<number, { session: number; last: number; count: number }>();
  for (const [place, row] of live.entries()) {
    const user = table.userIndex(row);
    const time = table.timestamp(row);
    const current = open.get(user) ?? { session: -1, last: -Infinity, count: 0 };
    if (time - current.last > SESSION_GAP_SECONDS) {
      const { userId } = table.row(row);
      current.session = all.push({ id: sessionId(userId, current.count), userId, start: time }) - 1;
      current.count += 1;
    }
    current.last = time;
    open.set(user, current);
    of[place] = current.session;
  }
  return { all, of };
}

function sessionId(userId: string, count: number): string {
  return `s-${createHash("sha256").update(`${count} ${userId}`).digest("hex").slice(0, 20)}`;
}
