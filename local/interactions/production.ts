import type { Options } from "../../cli/startOptions";
import { spreadPoison } from "./poison";
import type { Recommendation } from "./recommendation";
import { encodeRecord, eventsOf, impressionOf, planRecords, type ProducedRecord, type RecordPlan } from "./records";
import type { Session } from "./sessions";
import { splitInteractions, type Split } from "./split";
import type { InteractionTable } from "./table";

/** What a session was shown, by its id. */
export type Recommended = ReadonlyMap<string, Recommendation>;

/** A record of live rows whose turn it is, with the poison after it. */
export interface Turn {
  session: Session;
  /** Whether the session begins with it. */
  opens: boolean;
  /** Encodes its records; a session that was shown something tells of that first. */
  records(recommendation?: Recommendation): ProducedRecord[];
}

/** What follows from the interactions and the flags alone, and from what a campaign recommended: the parts and the records. */
export interface Production extends Split {
  table: InteractionTable;
  /** Sessions of the live rows. */
  sessions: readonly Session[];
  /** Records of the live rows; impressions and poison come on top. */
  liveRecords: number;
  /** What was recommended; empty: nothing. */
  recommended: Recommended;
  /** What dashboards do, in order. */
  turns(): Iterable<Turn>;
  /** All records in the order in which they are sent; encoded anew at each call. */
  records(): Iterable<ProducedRecord>;
}

type ProductionOptions = Pick<Options, "split" | "liveShare" | "seed" | "poison">;

/** Decides which rows are history, which are live, and which records carry these. Pure: equal arguments give equal records. */
export function planProduction(table: InteractionTable, options: ProductionOptions): Production {
  const split = splitInteractions(table, options.split, options.liveShare);
  const plan = planRecords(table, split.live, options.seed);
  const turns = (): Iterable<Turn> => turnsOf(plan, options);
  const { sessions, records } = plan;
  return withRecommendations({ ...split, table, sessions, liveRecords: records.length, turns }, new Map());
}

/** The same rows in the same sessions, with what these were shown. */
export function withRecommendations(production: Omit<Production, "recommended" | "records">, recommended: Recommended): Production {
  function* records(): Generator<ProducedRecord> {
    for (const turn of production.turns()) yield* turn.records(recommended.get(turn.session.id));
  }
  return { ...production, recommended, records };
}

/** The history alone, before anything is live. */
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
