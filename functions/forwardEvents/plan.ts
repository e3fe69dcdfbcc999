import type { KinesisStreamRecord } from "aws-lambda";
import { readRecord, type ReadLine } from "./lines";
import { validateEvent, type DecodedLine, type EventReason, type LineReason, type Sender, type TrackedEvent } from "./validate";

const MAX_EVENTS_PER_CALL = 10;

/** Why a record or some of its events are dead letters. `rejected`: Personalize rejected the event. */
export type Reason = LineReason | EventReason | "rejected";

/** State of an event. `pending`: it was not sent yet, or its call failed. */
export type EventState = "accepted" | "pending" | EventReason | "rejected";

/** A line of a record and the state of its events. */
export interface RecordLine extends Omit<ReadLine, "decoded"> {
  /** Set when the line could not be decoded; it has no events then. */
  reason?: LineReason;
  /** One per event of the line, in order. */
  events: EventState[];
}

/** A record of the batch and its lines. */
export interface BatchRecord {
  sequenceNumber: string;
  shard: string;
  partitionKey: string;
  /** When the record reached the stream, in epoch seconds. */
  arrivedSeconds: number;
  /** Base64, as delivered. */
  data: string;
  /** At least one, in order. */
  lines: RecordLine[];
}

/** A valid event and its position in its record. */
export interface PlannedEvent {
  record: BatchRecord;
  line: RecordLine;
  index: number;
  event: TrackedEvent;
}

/** The calls for one session of one user, to be made in order. */
export interface Group extends Sender {
  calls: PlannedEvent[][];
}

/** A batch, decoded and grouped. */
export interface Plan {
  records: BatchRecord[];
  /** Longest first: the longest group determines how long the batch takes. */
  groups: Group[];
}

/**
 * Decodes and validates a batch and groups its valid events into the fewest possible calls: at most
 * [10 events](https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html) of one session per call.
 */
export function plan(batch: readonly KinesisStreamRecord[]): Plan {
  const groups = new Map<string, Group>();
  const records = batch.map(({ eventID, kinesis }) => {
    const record: BatchRecord = {
      sequenceNumber: kinesis.sequenceNumber,
      shard: eventID.split(":")[0],
      partitionKey: kinesis.partitionKey,
      arrivedSeconds: kinesis.approximateArrivalTimestamp,
      data: kinesis.data,
      lines: [],
    };
    for (const { userRecord, line: index, decoded } of readRecord(record.data)) {
      const line: RecordLine = { userRecord, line: index, reason: decoded.ok ? undefined : decoded.reason, events: [] };
      record.lines.push(line);
      if (decoded.ok) appendLine(groups, decoded, record, line);
    }
    return record;
  });
  return { records, groups: [...groups.values()].sort((a, b) => b.calls.length - a.calls.length) };
}

/** Validates the events of a line, and appends the valid ones to their group. */
function appendLine(groups: Map<string, Group>, decoded: DecodedLine & { ok: true }, record: BatchRecord, line: RecordLine): void {
  const { userId, sessionId } = decoded;
  const key = JSON.stringify([userId, sessionId]);
  decoded.events.forEach((value, index) => {
    const validated = validateEvent(value, decoded, record.arrivedSeconds);
    line.events.push(validated.ok ? "pending" : validated.reason);
    if (!validated.ok) return;
    const group = groups.get(key) ?? { userId, sessionId, calls: [] };
    groups.set(key, group);
    append(group.calls, { record, line, index, event: validated.event });
  });
}

function append(calls: PlannedEvent[][], event: PlannedEvent): void {
  const last = calls.at(-1);
  if (last === undefined || last.length === MAX_EVENTS_PER_CALL) calls.push([event]);
  else last.push(event);
}
