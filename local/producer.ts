import { setTimeout } from "node:timers/promises";
import { PutRecordsCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import type { ProducedRecord } from "./interactions/records";
import { MAX_RECORDS, takeBatch } from "./producer/batch";
import { Pacer } from "./producer/pacer";

/** Limits of a shard: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const SHARD_RECORDS_PER_SECOND = 1000;
const SHARD_BYTES_PER_SECOND = 1024 * 1024;
/** Share of the limits that is used: shards fill unevenly. */
const FILL = 0.97;
/** Records among which a request's are looked for. */
const LOOKAHEAD = 5000;
const BACKOFF_MS = 100;
/** Requests in a row that may be refused whole before the run fails. */
const MAX_REFUSED = 100;

/** Who sends what, and where to. */
export interface ProduceOptions {
  kinesis: KinesisClient;
  streamName: string;
  /** Open shards of the stream; they decide how fast it takes records. */
  shards: number;
  records: Iterable<ProducedRecord> | AsyncIterable<ProducedRecord>;
  /** Sessions whose records are looked at together, above 0; a request has room for no more than the default. @default 500 */
  sessions?: number;
  signal: AbortSignal;
  /** Told after every request how many records the stream has taken. */
  onProgress?: (sent: number) => void;
}

/** What sending took. */
export interface Sent {
  records: number;
  requests: number;
  /** Records that were refused for a time and sent again. */
  throttled: number;
}

/**
 * Sends records as dashboards do: a session's next record waits until the one before is taken, so that the order per partition
 * key holds through every retry. The rate stays just below what the shards take.
 *
 * @throws Error when the stream takes nothing any more; the signal's reason when it is aborted
 */
export async function produce(options: ProduceOptions): Promise<Sent> {
  const { kinesis, streamName, shards, records, sessions = MAX_RECORDS, signal, onProgress } = options;
  const source = inTurn(records);
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

async function* inTurn(records: ProduceOptions["records"]): AsyncGenerator<ProducedRecord> {
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
