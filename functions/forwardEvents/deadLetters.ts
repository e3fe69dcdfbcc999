import type { BatchRecord, EventState, Reason, RecordLine } from "./plan";

/** Result of the records of one shard. */
export interface ShardResult {
  shard: string;
  /** Sequence numbers that the event source mapping must deliver again. */
  failed: string[];
  /** Bad records before the first failed one, in order. The bad records after it are delivered again anyway. */
  deadLetters: BatchRecord[];
}

/** Decides for each shard which records are delivered again and which are dead letters. */
export function shardResults(records: readonly BatchRecord[]): ShardResult[] {
  const shards = new Map<string, BatchRecord[]>();
  for (const record of records) {
    const ofShard = shards.get(record.shard);
    if (ofShard) ofShard.push(record);
    else shards.set(record.shard, [record]);
  }
  return [...shards].map(([shard, ofShard]) => {
    const inOrder = ofShard.sort((a, b) => compare(a.sequenceNumber, b.sequenceNumber));
    const firstFailed = inOrder.findIndex(isPending);
    const done = firstFailed === -1 ? inOrder : inOrder.slice(0, firstFailed);
    const failed = [...new Set(inOrder.filter(isPending).map((record) => record.sequenceNumber))];
    return { shard, failed, deadLetters: done.filter((record) => reasonOf(record) !== undefined) };
  });
}

/** Why a record is bad: the reason of its first bad line. Undefined when every event was accepted. */
export function reasonOf({ lines }: BatchRecord): Reason | undefined {
  for (const line of lines) {
    const reason = reasonOfLine(line);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** A bad line of a record. */
export interface BadLine extends Pick<RecordLine, "userRecord" | "line"> {
  reason: Reason;
  /** Indexes of the bad events, where the line has good ones too. */
  events?: number[];
}

/** What is bad of a record. */
export interface BadParts {
  /** Of a record of one line: indexes of the bad events, where there are good ones too. */
  events?: number[];
  /** Of a record of several lines, or an aggregate: the bad lines. */
  lines?: BadLine[];
}

/** Tells what is bad of a record that is bad. */
export function badParts({ lines }: BatchRecord): BadParts {
  if (lines.length === 1 && lines[0].userRecord === undefined) return { events: badEvents(lines[0]) };
  const bad = lines.flatMap((line): BadLine[] => {
    const reason = reasonOfLine(line);
    return reason === undefined ? [] : [{ userRecord: line.userRecord, line: line.line, reason, events: badEvents(line) }];
  });
  return { lines: bad };
}

/**
 * The object that stores the bad records of one shard and invocation.
 *
 * @param prefix key prefix of the dead letters, ends with "/"
 * @param records at least one, in the order of their sequence numbers
 */
export function deadLetterObject(prefix: string, records: readonly BatchRecord[]): { key: string; body: string } {
  const [{ shard, sequenceNumber, arrivedSeconds }] = records;
  const day = isoTime(arrivedSeconds).slice(0, 10).replaceAll("-", "/");
  return { key: `${prefix}${day}/${shard}-${sequenceNumber}.ndjson`, body: records.map(deadLetterLine).join("") };
}

function deadLetterLine(record: BatchRecord): string {
  const { sequenceNumber, shard, partitionKey, arrivedSeconds, data } = record;
  const line = {
    reason: reasonOf(record),
    sequenceNumber,
    shard,
    partitionKey,
    arrived: isoTime(arrivedSeconds),
    ...badParts(record),
    data,
  };
  return `${JSON.stringify(line)}\n`;
}

/** The line's own reason, or that of its first bad event. */
function reasonOfLine({ reason, events }: RecordLine): Reason | undefined {
  return reason ?? events.find(isBad);
}

/** Undefined when the whole line is bad. */
function badEvents({ reason, events }: RecordLine): number[] | undefined {
  const bad = events.flatMap((state, index) => (isBad(state) ? [index] : []));
  return reason !== undefined || bad.length === events.length ? undefined : bad;
}

function isPending({ lines }: BatchRecord): boolean {
  return lines.some(({ events }) => events.includes("pending"));
}

function isBad(state: EventState): state is Exclude<EventState, "accepted" | "pending"> {
  return state !== "accepted" && state !== "pending";
}

function isoTime(epochSeconds: number): string {
  return new Date(Math.round(epochSeconds * 1000)).toISOString();
}

function compare(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
