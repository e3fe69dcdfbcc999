import type { BatchRecord, Reason } from "./plan";

/** What is to be told about the records of one shard. */
export interface Settlement {
  shard: string;
  /** Sequence numbers that the event source mapping must deliver again. */
  failed: string[];
  /** Bad records before the first of those, in order; the ones after it come again anyway. */
  deadLetters: BatchRecord[];
}

/** Decides for each shard which records come again and which go to the dead-letter store. */
export function settle(records: readonly BatchRecord[]): Settlement[] {
  const shards = new Map<string, BatchRecord[]>();
  for (const record of records) {
    const ofShard = shards.get(record.shard);
    if (ofShard) ofShard.push(record);
    else shards.set(record.shard, [record]);
  }
  return [...shards].map(([shard, ofShard]) => {
    const inOrder = ofShard.sort((a, b) => compare(a.sequenceNumber, b.sequenceNumber));
    const firstFailed = inOrder.findIndex(isPending);
    const settled = firstFailed === -1 ? inOrder : inOrder.slice(0, firstFailed);
    const failed = [...new Set(inOrder.filter(isPending).map((record) => record.sequenceNumber))];
    return { shard, failed, deadLetters: settled.filter((record) => reasonOf(record) !== undefined) };
  });
}

/** Why a record is bad: its own reason, or that of its first bad event; undefined when every event was accepted. */
export function reasonOf(record: BatchRecord): Reason | undefined {
  return record.reason ?? record.outcomes.find(isBad);
}

/** Indexes of the bad events of a record that has good ones too; undefined when all of it is bad. */
export function badEvents({ reason, outcomes }: BatchRecord): number[] | undefined {
  const bad = outcomes.flatMap((outcome, index) => (isBad(outcome) ? [index] : []));
  return reason !== undefined || bad.length === outcomes.length ? undefined : bad;
}

/**
 * The object that keeps the bad records of one shard and invocation.
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
  return record.outcomes.includes("pending");
}

function isBad(outcome: BatchRecord["outcomes"][number]): outcome is Exclude<typeof outcome, "accepted" | "pending"> {
  return outcome !== "accepted" && outcome !== "pending";
}

function isoTime(epochSeconds: number): string {
  return new Date(Math.round(epochSeconds * 1000)).toISOString();
}

function compare(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
