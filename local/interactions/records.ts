import { createHash } from "node:crypto";
import { seededRandom, wholeNumber } from "./random";
import type { InteractionTable } from "./table";

/** A pause longer than this ends a session. */
export const SESSION_GAP_SECONDS = 30 * 60;
const MAX_EVENTS_PER_RECORD = 5;
/** Items that one event can name: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
export const MAX_SHOWN = 25;
/** Below the 10 KB of an event, with room for its other members: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MAX_ITEMS_BYTES = 9 * 1024;

/** A visit of a user. */
export interface Session {
  id: string;
  userId: string;
  /** Epoch seconds of its beginning. */
  start: number;
}

/** Sessions of the live rows. */
export interface Sessions {
  /** In the order in which they begin. */
  all: Session[];
  /** Index in `all` of each live row's session, in the order of the rows. */
  of: Uint32Array;
}

/**
 * Groups each user's rows into sessions. Ids depend on the rows alone.
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

/** What a session shows. */
export interface Recommendation {
  items: readonly string[];
  recommendationId: string;
}

/**
 * Takes the items of a campaign's answer that a dashboard shows: the first ones, as many as fit into the event that reports them.
 *
 * @returns undefined when there is nothing to show
 */
export function shownItems({ items, recommendationId }: Recommendation): Recommendation | undefined {
  let bytes = 0;
  const fits = (item: string): boolean => (bytes += Buffer.byteLength(JSON.stringify(item)) + 1) <= MAX_ITEMS_BYTES;
  const tooMany = items.findIndex((item, place) => place === MAX_SHOWN || !fits(item));
  const shown = tooMany === -1 ? items : items.slice(0, tooMany);
  return shown.length === 0 ? undefined : { items: shown, recommendationId };
}

/** A record as a dashboard puts it on the stream. */
export interface ProducedRecord {
  /** The session, so that its records stay in order. */
  partitionKey: string;
  data: Buffer;
  /** What it holds, where it is an aggregate of the Kinesis Producer Library. */
  userRecords?: readonly Buffer[];
  /** How many of its events Personalize must accept. */
  events: number;
  /** Kind of poison, for records that `--poison` adds. */
  poison?: string;
  /** Expected dead letter. */
  deadLetter?: ExpectedDeadLetter;
}

/** What a dead letter must say. All indexes count from 0. */
export interface ExpectedDeadLetter {
  reason: string;
  /** Of a record of one line: the bad events, when there are good ones too. */
  events?: readonly number[];
  /** Of a record of several lines, or an aggregate: the bad lines. */
  lines?: readonly BadLine[];
}

/** A bad line of a record. */
export interface BadLine {
  /** Index of the user record of an aggregate. */
  userRecord?: number;
  line: number;
  reason: string;
  /** The bad events, when there are good ones too. */
  events?: readonly number[];
}

/** The records that dashboards send, before they are encoded. */
export interface RecordPlan {
  table: InteractionTable;
  sessions: Session[];
  /** In order of the last row's time. */
  records: PlannedRecord[];
}

/** The index of a record's session, and its rows. */
export interface PlannedRecord {
  session: number;
  rows: number[];
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
 * The events of a planned record.
 *
 * @param recommendation what the session has shown: an event of one of its items carries its id
 */
export function eventsOf({ table }: RecordPlan, { rows }: PlannedRecord, recommendation?: Recommendation): SentEvent[] {
  return rows.map((row) => {
    const { eventType, timestamp, itemId } = table.row(row);
    const follows = recommendation?.items.includes(itemId);
    return { eventType, sentAt: timestamp, itemId, ...(follows && { recommendationId: recommendation?.recommendationId }) };
  });
}

/** The event that reports what a session shows. It has no item of its own. */
export function impressionOf({ start }: Session, { items, recommendationId }: Recommendation): SentEvent {
  return { eventType: "impression", sentAt: start, impression: items, recommendationId };
}

/** Encodes events of a session as one record. */
export function encodeRecord({ id, userId }: Session, events: readonly SentEvent[]): ProducedRecord {
  const record = { user_id: userId, session_id: id, event_list: events };
  return { partitionKey: id, data: Buffer.from(JSON.stringify(record)), events: events.length };
}
