import type { InteractionTable } from "./table";

/** `time`: the last share of all rows is live. `user`: each user's last share is. */
export type SplitBy = "time" | "user";

/** Row indexes of a table, both in order of time; rows of one second keep the file's order. */
export interface Split {
  history: Uint32Array;
  live: Uint32Array;
}

/**
 * Parts the rows into what is already in the lake and what dashboards send; every row is in exactly one part.
 *
 * By time, the live part is rounded up. By user, each user's live part is rounded to the nearest and leaves at least one row in
 * the history, so that no live user is unknown there.
 *
 * @param liveShare share of the rows that is live, between 0 and 1, both excluded
 */
export function splitInteractions(table: InteractionTable, by: SplitBy, liveShare: number): Split {
  const order = Uint32Array.from({ length: table.length }, (_, index) => index);
  order.sort((a, b) => table.timestamp(a) - table.timestamp(b) || a - b);
  if (by === "time") {
    const live = Math.ceil(table.length * liveShare - 1e-9);
    return { history: order.subarray(0, order.length - live), live: order.subarray(order.length - live) };
  }
  const historyLeft = new Uint32Array(table.userCount);
  for (const row of order) historyLeft[table.userIndex(row)] += 1;
  for (const [user, rows] of historyLeft.entries()) historyLeft[user] = rows - Math.min(Math.round(rows * liveShare), rows - 1);
  const isHistory = (row: number): boolean => {
    const user = table.userIndex(row);
    if (historyLeft[user] === 0) return false;
    historyLeft[user] -= 1;
    return true;
  };
  const history: number[] = [];
  const live: number[] = [];
  for (const row of order) (isHistory(row) ? history : live).push(row);
  return { history: Uint32Array.from(history), live: Uint32Array.from(live) };
}
