import type { Options } from "../options";
import { addPoison } from "./poison";
import { encodeRecords, planRecords, type ProducedRecord } from "./records";
import { splitInteractions, type Split } from "./split";
import type { InteractionTable } from "./table";

/** What follows from the interactions and the flags alone: the parts and the records. */
export interface Production extends Split {
  table: InteractionTable;
  /** Sessions of the live rows. */
  sessions: number;
  /** Records of the live rows; poison comes on top. */
  liveRecords: number;
  /** All records in the order in which they are sent; encoded anew at each call. */
  records(): Iterable<ProducedRecord>;
}

/** Decides which rows are history, which are live, and which records carry these. Pure: equal arguments give equal records. */
export function planProduction(table: InteractionTable, options: Pick<Options, "split" | "liveShare" | "seed" | "poison">): Production {
  const { history, live } = splitInteractions(table, options.split, options.liveShare);
  const plan = planRecords(table, live, options.seed);
  const poison = { records: plan.records.length, share: options.poison, seed: options.seed };
  return {
    table,
    history,
    live,
    sessions: plan.sessionIds.length,
    liveRecords: plan.records.length,
    records: () => addPoison(encodeRecords(plan), poison),
  };
}
