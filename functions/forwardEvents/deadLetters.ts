import type { BatchRecord, EventState, Reason } from "./plan";

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

/** Why a record is bad: its own reason, or that of its first bad event. Undefined when every event was accepted. */
export function reasonOf(record: BatchRecord): Reason | undefined {
  return record.reason ?? record.events.find(isBad);
}

/** Indexes of the bad events of a record that has good ones too. Undefined when the whole record is bad. */
export function badEvents({ reason, events }: BatchRecord): number[] | undefined {
  const bad = events.flatMap((state, index) => (isBad(state) ? [index] : []));
  return reason !== undefined || bad.length === events.length ? undefined : bad;
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
    events: badEvents(record),
    data,
  };
  return `${JSON.stringify(line)}\n`;
}

function isPending(record: BatchRecord): boolean {
  return record.events.includes("pending");
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
