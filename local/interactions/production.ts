import { spreadPoison } from "./poison";
import {
  encodeRecord,
  eventsOf,
  impressionOf,
  planRecords,
  type ProducedRecord,
  type Recommendation,
  type RecordPlan,
  type Session,
} from "./records";
import type { InteractionTable } from "./table";

/** Options that decide what is history, what is live, and what else is sent. */
export interface ProductionOptions {
  /** Which rows are live: the last share of all rows, or of each user's rows. @default "time" */
  split: "time" | "user";
  /** Share of the rows that is sent live, between 0 and 1, both excluded. @default 0.2 */
  liveShare: number;
  /** Seed of all random choices, a whole number from 0. @default 1 */
  seed: number;
  /** Poison records per good record, from 0 to 1; above 0 every kind of poison comes at least once. @default 0 */
  poison: number;
}

/** Row indexes of a table, both in order of time; rows of the same second keep the file's order. */
export interface Split {
  history: Uint32Array;
  live: Uint32Array;
}

/** What each session has shown, by session id. */
export type Recommended = ReadonlyMap<string, Recommendation>;

/** The next record of live rows, with the poison after it. */
export interface Turn {
  session: Session;
  /** Whether the session begins with it. */
  opens: boolean;
  /** Encodes the records. The first turn of a session that shows something begins with its impression. */
  records(recommendation?: Recommendation): ProducedRecord[];
}

/** All that follows from the interactions, the options and the recommendations. */
export interface Production extends Split {
  table: InteractionTable;
  /** Sessions of the live rows. */
  sessions: readonly Session[];
  /** Number of records of the live rows, without impressions and poison. */
  liveRecords: number;
  recommended: Recommended;
  /** What dashboards send, in order. */
  turns(): Iterable<Turn>;
  /** All records in the order in which they are sent, encoded anew at each call. */
  records(): Iterable<ProducedRecord>;
}

/** Decides which rows are history, which are live, and which records carry these. Pure: equal arguments give equal records. */
export function planProduction(table: InteractionTable, options: ProductionOptions): Production {
  const split = splitInteractions(table, options.split, options.liveShare);
  const plan = planRecords(table, split.live, options.seed);
  const turns = (): Iterable<Turn> => turnsOf(plan, options);
  const { sessions, records } = plan;
  return withRecommendations({ ...split, table, sessions, liveRecords: records.length, turns }, new Map());
}

/** The same rows in the same sessions, with what these have shown. */
export function withRecommendations(production: Omit<Production, "recommended" | "records">, recommended: Recommended): Production {
  function* records(): Generator<ProducedRecord> {
    for (const turn of production.turns()) yield* turn.records(recommended.get(turn.session.id));
  }
  return { ...production, recommended, records };
}

/** The history without the live rows. */
export function historyAlone(production: Production): Production {
  const none = new Uint32Array();
  return withRecommendations({ ...production, live: none, sessions: [], liveRecords: 0, turns: () => [] }, new Map());
}

function* turnsOf(plan: RecordPlan, { poison: share, seed }: ProductionOptions): Generator<Turn> {
  const begun = new Uint8Array(plan.sessions.length);
  const poisonAfter = spreadPoison({ records: plan.records.length, share, seed });
  for (const planned of plan.records) {
    const session = plan.sessions[planned.session];
    const opens = begun[planned.session] === 0;
    begun[planned.session] = 1;
    const [first] = eventsOf(plan, { ...planned, rows: planned.rows.slice(0, 1) });
    const poison = poisonAfter(first);
    const records: Turn["records"] = (shown) => [
      ...(opens && shown ? [encodeRecord(session, [impressionOf(session, shown)])] : []),
      encodeRecord(session, eventsOf(plan, planned, shown)),
      ...poison,
    ];
    yield { session, opens, records };
  }
}

/**
 * Splits the rows into what is already in the lake and what dashboards send. Every row is in exactly one part.
 *
 * By time, the number of live rows is rounded up. By user, each user's number is rounded to the nearest, and at least one row stays in
 * the history, so that every live user is known there.
 *
 * @param liveShare share of the rows that is live, between 0 and 1, both excluded
 */
export function splitInteractions(table: InteractionTable, by: ProductionOptions["split"], liveShare: number): Split {
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
