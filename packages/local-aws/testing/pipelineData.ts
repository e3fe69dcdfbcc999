/** A row of a historical drop. */
export type Row = [user: string, item: string, seconds: number, eventType?: string];

const HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";
/** 31 January 2026, noon (UTC), in epoch seconds. */
export const NOON = Date.UTC(2026, 0, 31, 12) / 1000;

/** As many rows as Personalize permissions, of as many users: 25 users with 40 rows each. */
export function enoughRows(count = 1000, users = 25): Row[] {
  return Array.from({ length: count }, (_, i) => [`u${i % users}`, `i${i % 40}`, NOON - i, "watch"]);
}

/** A historical drop of rows, with its header. */
export function historyFile(rows: Row[]): string {
  return [HEADER, ...rows.map((row) => row.join(","))].map((line) => `${line}\n`).join("");
}

/** A record of the stream, as a line of the raw events. */
export function eventLine(user: string, events: { item: string; at: number; type?: string; id?: string }[]): string {
  const event_list = events.map(({ item, at, type = "watch", id }) => ({ eventType: type, sentAt: at, itemId: item, eventId: id }));
  return JSON.stringify({ user_id: user, session_id: `s-${user}`, event_list });
}

/** Lines of a CSV without its header, in alphabetical order. */
export function sortedLines(csv: string): string[] {
  return csv.split("\n").slice(1, -1).sort();
}
