import type { KinesisStreamRecord } from "aws-lambda";
import { decode, type RecordReason } from "./decode";
import { validateEvent, type EventReason, type Sender, type TrackedEvent } from "./validate";

const EVENTS_A_CALL = 10;

/** Why a record or some of its events are in the dead-letter store; `rejected`: Personalize refused the event. */
export type Reason = RecordReason | EventReason | "rejected";

/** What became of an event: accepted by Personalize, not sent or not answered (`pending`), or bad. */
export type Outcome = "accepted" | "pending" | EventReason | "rejected";

/** A record of the batch and what is known of it. */
export interface BatchRecord {
  sequenceNumber: string;
  shard: string;
  partitionKey: string;
  /** When the record reached the stream, in epoch seconds. */
  arrivedSeconds: number;
  /** Base64, as it came. */
  data: string;
  /** Set when nothing of the record can be read. */
  reason?: RecordReason;
  /** One for each event of the record. */
  outcomes: Outcome[];
}

/** An event on its way, with its place in its record. */
export interface PlannedEvent {
  record: BatchRecord;
  index: number;
  event: TrackedEvent;
}

/** The calls of one user's session, to be made in order. */
export interface Group extends Sender {
  calls: PlannedEvent[][];
}

export interface Plan {
  records: BatchRecord[];
  /** Longest first: the longest group bounds the time of the batch. */
  groups: Group[];
}

/** Reads and validates a batch and groups its good events into as few calls as the service allows: at most 10 events of one session each. */
export function plan(batch: readonly KinesisStreamRecord[]): Plan {
  const groups = new Map<string, Group>();
  const records = batch.map((source) => {
    const record = batchRecord(source);
    const decoded = decode(record.data);
    if (!decoded.ok) return { ...record, reason: decoded.reason };
    const { userId, sessionId } = decoded;
    const key = JSON.stringify([userId, sessionId]);
    decoded.events.forEach((value, index) => {
      const validated = validateEvent(value, decoded, record.arrivedSeconds);
      record.outcomes.push(validated.ok ? "pending" : validated.reason);
      if (!validated.ok) return;
      const group = groups.get(key) ?? { userId, sessionId, calls: [] };
      groups.set(key, group);
      append(group.calls, { record, index, event: validated.event });
    });
    return record;
  });
  return { records, groups: [...groups.values()].sort((a, b) => b.calls.length - a.calls.length) };
}

function batchRecord({ eventID, kinesis }: KinesisStreamRecord): BatchRecord {
  return {
    sequenceNumber: kinesis.sequenceNumber,
    shard: eventID.split(":")[0],
    partitionKey: kinesis.partitionKey,
    arrivedSeconds: kinesis.approximateArrivalTimestamp,
    data: kinesis.data,
    outcomes: [],
  };
}

function append(calls: PlannedEvent[][], event: PlannedEvent): void {
  const last = calls.at(-1);
  if (last === undefined || last.length === EVENTS_A_CALL) calls.push([event]);
  else last.push(event);
}
