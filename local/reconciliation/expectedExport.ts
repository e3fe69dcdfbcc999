import type { Production } from "../interactions/production";
import type { Interaction } from "../interactions/table";
import type { Count } from "../report";
import { producedLines } from "./lines";

/** What a run of the pipeline must produce from the history and the events. */
export interface ExpectedExport {
  /** The interactions by identity, and whether each came as an event, perhaps besides the history. */
  rows: Map<string, { streamed: boolean }>;
  /** History rows, and events of all records. A line that cannot be read counts once. */
  rowsIn: number;
  /** Rows that are in no table, by reason. */
  leftOut: Count;
}

/** An exported row, without event type where the columns leave it out. */
export type ExportedRow = Omit<Interaction, "eventType"> & { eventType?: string };

/** Identity of an exported row: user, item, whole second and event type. */
export function rowKey({ userId, itemId, timestamp, eventType }: ExportedRow): string {
  return JSON.stringify([userId, itemId, timestamp, ...(eventType === undefined ? [] : [eventType])]);
}

/** Reverses {@link rowKey}. */
export function rowOf(key: string): ExportedRow {
  const [userId, itemId, timestamp, eventType] = JSON.parse(key) as [string, string, number, string?];
  return { userId, itemId, timestamp, eventType };
}

/**
 * Recomputes a run from the planned rows and records alone. Equal interactions count once, wherever they came from. Impressions have
 * no item, so they are in no table.
 *
 * @param counts tells whether interactions of an event type are exported
 */
export function expectedExport(production: Production, counts: (eventType: string) => boolean): ExpectedExport {
  const rows: ExpectedExport["rows"] = new Map();
  const leftOut = new Map<string, number>();
  let rowsIn = 0;
  const leave = (reason: string): void => void leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  const take = (row: Interaction, streamed: boolean): void => {
    if (!counts(row.eventType)) return leave("uncountedEventType");
    const key = rowKey(row);
    const known = rows.get(key);
    if (known === undefined) return void rows.set(key, { streamed });
    known.streamed ||= streamed;
    leave("duplicate");
  };
  const { table, history, live, recommended } = production;
  for (const index of history) take(table.row(index), false);
  for (const index of live) take(table.row(index), true);
  rowsIn += history.length + live.length + recommended.size;
  for (let shown = 0; shown < recommended.size; shown += 1) leave("noItem");
  for (const record of production.records()) {
    if (record.poison === undefined) continue;
    for (const { text, reason, events: bad } of producedLines(record)) {
      if (reason !== undefined && bad === undefined) {
        rowsIn += 1;
        leave(reason);
        continue;
      }
      const { user_id: userId, event_list: events } = JSON.parse(text) as PoisonLine;
      rowsIn += events.length;
      for (const [index, { eventType, properties, itemId = properties?.itemId, sentAt: timestamp }] of events.entries()) {
        if (reason !== undefined && bad?.includes(index)) leave(reason);
        else if (userId === undefined) leave("anonymous");
        else if (itemId === undefined) leave("noItem");
        else take({ userId, itemId, timestamp, eventType }, true);
      }
    }
  }
  return { rows, rowsIn, leftOut: Object.fromEntries([...leftOut].sort()) };
}

/** A line of poison with good events. One without good events is never parsed. */
interface PoisonLine {
  user_id?: string;
  event_list: { eventType: string; itemId?: string; properties?: { itemId?: string }; sentAt: number }[];
}
