/** An interaction as a row of a CSV file. */
export type Row = [user: string, item: string, seconds: number, eventType?: string];

const HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";
/** 31 January 2026, noon (UTC), in epoch seconds. */
export const NOON = Date.UTC(2026, 0, 31, 12) / 1000;

/** As many rows as Personalize requires for training: by default 25 users with 40 rows each. */
export function enoughRows(count = 1000, users = 25): Row[] {
  return Array.from({ length: count }, (_, i) => [`u${i % users}`, `i${i % 40}`, NOON - i, "watch"]);
}

/** A CSV file of interactions, with its header. */
export function historyFile(rows: Row[]): string {
  return [HEADER, ...rows.map((row) => row.join(","))].map((line) => `${line}\n`).join("");
}
