import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Readable } from "node:stream";
import { ShardReader, type StreamRecord } from "../kinesis/shardReader";
import { ServiceError, type Cloud } from "../service";
import { runBatch, type BatchPorts, type Discard } from "./batch";
import { Batcher } from "./batcher";
import { encodeEvent, invocationRecord, invocationRecordKey, type EventSource } from "./events";
import type { DeployedFunction } from "./function";
import type { MappingSettings } from "./mappingSettings";

/** What a consumer needs of its mapping. */
export interface ConsumerOptions {
  cloud: Cloud;
  mappingUuid: string;
  settings: MappingSettings;
  target: DeployedFunction;
  shardId: string;
  /** Arrival of the oldest record to read, epoch milliseconds. @default the oldest that the shard has */
  since?: number;
  /** Real milliseconds between two reads of the shard. */
  pollMs: number;
}

const MIN_READ_AHEAD = 10_000;
const MAX_READ_AHEAD_BYTES = 32 * 1024 * 1024;
const MAX_PAUSE_MS = 60_000;

/** Delivers one shard's records to the function: one reader, and a batcher for each batch that may run at the same time. */
export class ShardConsumer {
  private readonly progress = new Progress();
  private readonly reader: ShardReader;
  private readonly batchers: Batcher[];
  private readonly source: EventSource;

  constructor(private readonly options: ConsumerOptions) {
    const { cloud, settings, target, shardId, since } = options;
    const { streamArn, parallelizationFactor } = settings;
    this.reader = new ShardReader({ cloud, as: () => target.principal, streamArn, shardId, since });
    this.batchers = Array.from({ length: parallelizationFactor }, () => new Batcher(cloud.clock, settings));
    this.source = { shardId, streamArn, roleArn: target.principal.arn, region: cloud.region };
  }

  /** Sequence number of the last record such that it and all before it are processed or discarded. */
  get checkpoint(): string | undefined {
    return this.progress.checkpoint;
  }

  /** Runs until the signal aborts; rejects when something fails that is not a service's answer. */
  async run(signal: AbortSignal): Promise<void> {
    await runTogether(signal, (either) => [this.readAll(either), ...this.batchers.map((batcher) => this.process(batcher, either))]);
  }

  /** Records that are read but neither processed nor discarded, and one more until a read that began after `since` reached the tip. */
  pending(since = 0): number {
    return this.progress.unfinished + (this.reader.unread(since) ? 1 : 0);
  }

  private async readAll(signal: AbortSignal): Promise<never> {
    const { settings, pollMs } = this.options;
    const readAhead = Math.max(MIN_READ_AHEAD, 2 * settings.batchSize * settings.parallelizationFactor);
    for (;;) {
      const { unfinished, unfinishedBytes } = this.progress;
      if (unfinished <= readAhead / 2 && unfinishedBytes <= MAX_READ_AHEAD_BYTES) await this.readOnce(readAhead - unfinished);
      await setTimeout(pollMs, undefined, { signal });
    }
  }

  /** A refused read is repeated: a permission may still come. */
  private async readOnce(limit: number): Promise<void> {
    try {
      await this.reader.read((records) => this.distribute(records), limit);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    }
  }

  private distribute(records: StreamRecord[]): void {
    this.progress.add(records);
    const shares = this.batchers.map((): StreamRecord[] => []);
    for (const record of records) shares[batcherOf(record.partitionKey, this.batchers.length)].push(record);
    shares.forEach((share, i) => this.batchers[i].push(share));
  }

  private async process(batcher: Batcher, signal: AbortSignal): Promise<never> {
    const { cloud, settings, target } = this.options;
    const ports: BatchPorts = {
      invoke: async (records) => {
        const outcome = await target.invoke(encodeEvent(records, this.source), signal);
        signal.throwIfAborted();
        return outcome;
      },
      discard: (records, discard) => this.discard(records, discard, signal),
      finish: (records) => this.progress.finish(records),
      now: () => cloud.clock.now(),
      pause: (failures) => this.pause(failures, signal),
    };
    for (;;) await runBatch(await batcher.next(signal), settings, ports);
  }

  /** Retries until the failure destination has the batch; without a destination it is lost, as on AWS. */
  private async discard(records: readonly StreamRecord[], discard: Discard, signal: AbortSignal): Promise<void> {
    const { cloud, settings, mappingUuid, target } = this.options;
    const { failureBucket: Bucket } = settings;
    if (Bucket === undefined) return;
    const time = new Date(cloud.clock.now()).toISOString();
    const body = Buffer.from(JSON.stringify(invocationRecord(time, target.arn, this.source, records, discard)));
    const Key = invocationRecordKey(time, mappingUuid, this.source.shardId);
    const headers = { "content-type": "application/json", "content-length": String(body.length) };
    for (let failures = 1; ; failures += 1) {
      try {
        await cloud.call(target.principal, "s3", "PUT /{Bucket}/{Key+}", { Bucket, Key, headers }, Readable.from([body]));
        return;
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        await this.pause(failures, signal);
      }
    }
  }

  private async pause(failures: number, signal: AbortSignal): Promise<void> {
    await this.options.cloud.clock.sleep(Math.min(MAX_PAUSE_MS, 1000 * 2 ** (failures - 1)), signal);
  }
}

/**
 * Runs tasks that end when the signal aborts, and all of them when one fails.
 *
 * @throws what the first one threw, once all have settled
 */
export async function runTogether(signal: AbortSignal, start: (signal: AbortSignal) => Promise<unknown>[]): Promise<void> {
  const failed = new AbortController();
  const tasks = start(AbortSignal.any([signal, failed.signal]));
  try {
    await Promise.race(tasks);
  } finally {
    failed.abort();
    await Promise.allSettled(tasks);
  }
}

/** Which of a shard's batchers takes a partition key: always the same one, so that a key's records stay in order. */
export function batcherOf(partitionKey: string, batchers: number): number {
  return batchers === 1 ? 0 : createHash("md5").update(partitionKey).digest().readUInt32BE(0) % batchers;
}

/** Tracks which of a shard's records are finished. Parallel batches finish them in any order. */
export class Progress {
  /** Sequence number of the last record such that it and all before it are finished. */
  checkpoint?: string;
  /** Records that were read and are not finished. */
  unfinished = 0;
  /** Their base64 data. */
  unfinishedBytes = 0;
  /** Whether a record after the checkpoint is finished, by sequence number, in the order of reading. */
  private readonly finished = new Map<string, boolean>();

  /** Takes records in the order of reading. */
  add(records: readonly StreamRecord[]): void {
    for (const { sequenceNumber } of records) this.finished.set(sequenceNumber, false);
    this.count(records, 1);
  }

  finish(records: readonly StreamRecord[]): void {
    for (const { sequenceNumber } of records) this.finished.set(sequenceNumber, true);
    for (const [sequenceNumber, finished] of this.finished) {
      if (!finished) break;
      this.finished.delete(sequenceNumber);
      this.checkpoint = sequenceNumber;
    }
    this.count(records, -1);
  }

  private count(records: readonly StreamRecord[], sign: 1 | -1): void {
    this.unfinished += sign * records.length;
    this.unfinishedBytes += sign * records.reduce((sum, { data }) => sum + data.length, 0);
  }
}
