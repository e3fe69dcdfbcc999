import { setTimeout } from "node:timers/promises";
import { PutRecordsCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import type { ProducedRecord } from "../interactions/records";

/** Limits of a shard: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const SHARD_RECORDS_PER_SECOND = 1000;
const SHARD_BYTES_PER_SECOND = 1024 * 1024;
/** Share of the limits to use: shards fill unevenly. */
const FILL = 0.97;
/** Limits of PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;
const MAX_BYTES = 5 * 1024 * 1024;
/** Records among which the next request's are chosen. */
const LOOKAHEAD = 5000;
const BACKOFF_MS = 100;
/** Requests in a row that the stream may throttle completely before the run fails. */
const MAX_REFUSED = 100;

/** What to send, and where to. */
export interface ProduceOptions {
  kinesis: KinesisClient;
  streamName: string;
  /** Open shards of the stream. They limit the rate. */
  shards: number;
  records: Iterable<ProducedRecord> | AsyncIterable<ProducedRecord>;
  /** How many sessions are read ahead, above 0. A request has room for no more than the default. @default 500 */
  sessions?: number;
  signal: AbortSignal;
  /** Called after every request with the number of records that the stream has accepted. */
  onProgress?: (sent: number) => void;
}

/** What sending took. */
export interface Sent {
  records: number;
  requests: number;
  /** Records that the stream throttled, and that were sent again. */
  throttled: number;
}

/**
 * Sends records as dashboards do. A session's next record waits until the stream has accepted the previous one, so that the order per
 * partition key survives every retry. The rate stays just below the limits of the shards.
 *
 * @throws Error when the stream accepts nothing any more; AbortError when the signal is aborted
 */
export async function produce(options: ProduceOptions): Promise<Sent> {
  const { kinesis, streamName, shards, records, sessions = MAX_RECORDS, signal, onProgress } = options;
  const source = inOrder(records);
  const pacer = new Pacer(FILL * SHARD_RECORDS_PER_SECOND * shards, FILL * SHARD_BYTES_PER_SECOND * shards);
  const sent: Sent = { records: 0, requests: 0, throttled: 0 };
  let waiting: ProducedRecord[] = [];
  let refused = 0;
  for (;;) {
    await refill(waiting, source, sessions);
    const { batch, rest } = takeBatch(waiting);
    if (batch.length === 0) return sent;
    const bytes = batch.reduce((sum, { data, partitionKey }) => sum + data.length + partitionKey.length, 0);
    await setTimeout(pacer.delay(batch.length, bytes, performance.now()), undefined, { signal });
    const Records = batch.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }));
    const reply = await kinesis.send(new PutRecordsCommand({ StreamName: streamName, Records }), { abortSignal: signal });
    const again = batch.filter((_, index) => reply.Records?.[index]?.ErrorCode !== undefined);
    waiting = [...again, ...rest];
    sent.requests += 1;
    sent.records += batch.length - again.length;
    sent.throttled += again.length;
    onProgress?.(sent.records);
    refused = again.length === batch.length ? refused + 1 : 0;
    if (refused > MAX_REFUSED) throw new Error(refusal(streamName, reply.Records?.[0]));
    if (again.length > 0) await setTimeout(BACKOFF_MS, undefined, { signal });
  }
}

async function* inOrder(records: ProduceOptions["records"]): AsyncGenerator<ProducedRecord> {
  yield* records;
}

async function refill(waiting: ProducedRecord[], source: AsyncIterator<ProducedRecord>, sessions: number): Promise<void> {
  const keys = new Set(waiting.map(({ partitionKey }) => partitionKey));
  while (waiting.length < LOOKAHEAD && keys.size < sessions) {
    const next = await source.next();
    if (next.done) return;
    waiting.push(next.value);
    keys.add(next.value.partitionKey);
  }
}

function refusal(streamName: string, result?: { ErrorCode?: string; ErrorMessage?: string }): string {
  return `stream ${streamName} refused ${MAX_REFUSED} requests in a row: ${result?.ErrorCode}: ${result?.ErrorMessage}`;
}

/**
 * Chooses the records of the next request: in order, and at most one per partition key, because PutRecords may accept a later record
 * of a key and throttle an earlier one.
 *
 * @param waiting records that the stream has not accepted yet, in order
 * @returns the request's records, and the others in order
 */
export function takeBatch(waiting: readonly ProducedRecord[]): { batch: ProducedRecord[]; rest: ProducedRecord[] } {
  const batch: ProducedRecord[] = [];
  const rest: ProducedRecord[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  for (const record of waiting) {
    const size = record.data.length + Buffer.byteLength(record.partitionKey);
    const fits = batch.length < MAX_RECORDS && (batch.length === 0 || bytes + size <= MAX_BYTES);
    if (!fits || keys.has(record.partitionKey)) rest.push(record);
    else {
      batch.push(record);
      bytes += size;
    }
    keys.add(record.partitionKey);
  }
  return { batch, rest };
}

/** Spreads requests so that neither records nor bytes exceed a rate. Unused time is not made up for. */
export class Pacer {
  private free = -Infinity;

  /**
   * @param recordsPerSecond above 0
   * @param bytesPerSecond above 0
   */
  constructor(
    private readonly recordsPerSecond: number,
    private readonly bytesPerSecond: number,
  ) {}

  /**
   * Books a request.
   *
   * @param nowMs milliseconds of a clock that never goes back
   * @returns milliseconds to wait before sending it
   */
  delay(records: number, bytes: number, nowMs: number): number {
    const start = Math.max(this.free, nowMs);
    this.free = start + 1000 * Math.max(records / this.recordsPerSecond, bytes / this.bytesPerSecond);
    return start - nowMs;
  }
}
