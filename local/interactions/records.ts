import { seededRandom, wholeNumber } from "./random";
import type { Recommendation } from "./recommendation";
import { assignSessions, type Session } from "./sessions";
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
  sessions: Session[];
  /** In order of the last row's time. */
  records: PlannedRecord[];
}

/** A record's session, by its index, and rows. */
export interface PlannedRecord {
  session: number;
  rows: number[];
}

/** An event as it is sent. */
export interface SentEvent {
  eventType: string;
  /** Epoch seconds. */
  sentAt: number;
  itemId?: string;
  impression?: readonly string[];
  recommendationId?: string;
}

/**
 * Packs live rows into records: 1 to 5 successive events of one session each, in order of their last event.
 *
 * @param live row indexes in order of time
 * @param seed decides how many events a record has
 */
export function planRecords(table: InteractionTable, live: Uint32Array, seed: number): RecordPlan {
  const random = seededRandom(seed);
  const { all, of } = assignSessions(table, live);
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
  return { table, sessions: all, records: records.map(({ session, rows }) => ({ session, rows })) };
}

/** What a record of a plan holds; what was recommended to its session before goes along with each event that follows it. */
export function eventsOf({ table }: RecordPlan, { rows }: PlannedRecord, recommendation?: Recommendation): SentEvent[] {
  return rows.map((row) => {
    const { eventType, timestamp, itemId } = table.row(row);
    const follows = recommendation?.items.includes(itemId);
    return { eventType, sentAt: timestamp, itemId, ...(follows && { recommendationId: recommendation?.recommendationId }) };
  });
}

/** What a session was shown, as one event without an item. */
export function impressionOf({ start }: Session, { items, recommendationId }: Recommendation): SentEvent {
  return { eventType: "impression", sentAt: start, impression: items, recommendationId };
}

/** Encodes a session's events as one record. */
export function encodeRecord({ id, userId }: Session, events: readonly SentEvent[]): ProducedRecord {
  const record = { user_id: userId, session_id: id, event_list: events };
  return { partitionKey: id, data: Buffer.from(JSON.stringify(record)), events: events.length };
}
