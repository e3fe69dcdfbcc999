import { seededRandom, wholeNumber } from "./random";
import { assignSessions } from "./sessions";
import type { InteractionTable } from "./table";

const MAX_EVENTS_PER_RECORD = 5;

/** A record as a dashboard puts it on the stream. */
export interface ProducedRecord {
  /** The session, so that its records stay in order. */
  partitionKey: string;
  /** The record's bytes. */
  data: Buffer;
  /** Events that Personalize must accept of it. */
  events: number;
  /** Kind of poison, for records that `--poison` adds. */
  poison?: string;
  /** What the dead-letter store must tell of it: the reason, and the indexes of the bad events when there are good ones too. */
  deadLetter?: { reason: string; events?: readonly number[] };
}

/** The records that dashboards send, before they are encoded. */
export interface RecordPlan {
  table: InteractionTable;
  sessionIds: string[];
  /** For each record its session's index and its rows, in order of the last row's time. */
  records: { session: number; rows: number[] }[];
}

/**
 * Packs live rows into records: 1 to 5 successive events of one session each, in order of their last event.
 *
 * @param live row indexes in order of time
 * @param seed decides how many events a record has
 */
export function planRecords(table: InteractionTable, live: Uint32Array, seed: number): RecordPlan {
  const random = seededRandom(seed);
  const { ids, of } = assignSessions(table, live);
  const open = new Map<number, { rows: number[]; size: number; last: number }>();
  const records: { session: number; rows: number[]; last: number }[] = [];
  for (const [place, row] of live.entries()) {
    const session = of[place];
    const record = open.get(session) ?? { rows: [], size: wholeNumber(random, 1, MAX_EVENTS_PER_RECORD), last: place };
    record.rows.push(row);
    record.last = place;
    if (record.rows.length < record.size) open.set(session, record);
    else {
      open.delete(session);
      records.push({ session, rows: record.rows, last: place });
    }
  }
  for (const [session, { rows, last }] of open) records.push({ session, rows, last });
  records.sort((a, b) => a.last - b.last);
  return { table, sessionIds: ids, records: records.map(({ session, rows }) => ({ session, rows })) };
}

/** Encodes a plan's records one by one, so that they need not be in memory together. */
export function* encodeRecords({ table, sessionIds, records }: RecordPlan): Generator<ProducedRecord> {
  for (const { session, rows } of records) {
    const events = rows.map((row) => table.row(row));
    const record = {
      user_id: events[0].userId,
      session_id: sessionIds[session],
      event_list: events.map(({ eventType, timestamp, itemId }) => ({ eventType, sentAt: timestamp, itemId })),
    };
    yield { partitionKey: record.session_id, data: Buffer.from(JSON.stringify(record)), events: events.length };
  }
}
