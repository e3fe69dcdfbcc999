import { ServiceError, type Cloud } from "../service";
import { runBatch, type BatchPorts, type Discard } from "./batch";
import { writeDiscarded } from "./failureDestination";
import type { DeployedFunction } from "./function";
import { Lane } from "./lane";
import type { MappingSettings } from "./mappingSettings";
import { Progress } from "./progress";
import { ShardReader } from "./shardReader";
import { encodeEvent, laneOf, type EventSource, type StreamRecord } from "./streamRecord";

export interface ConsumerOptions {
  cloud: Cloud;
  mappingUuid: string;
  settings: MappingSettings;
  target: DeployedFunction;
  shardId: string;
  /** Epoch seconds of the oldest record to read. @default the oldest there is */
  since?: number;
  /** Sequence number after which to go on. */
  checkpoint?: string;
  save: (shardId: string, sequenceNumber: string) => Promise<void>;
  /** Real milliseconds between two reads of the shard. */
  pollMs: number;
  /** Told what keeps the shard from going on; undefined when it goes on again. */
  onProblem: (problem: string | undefined) => void;
}

const MIN_READ_AHEAD = 10_000;
const MAX_READ_AHEAD_BYTES = 32 * 1024 * 1024;
const MAX_PAUSE_MS = 60_000;

/** Brings one shard's records to the function: one reader, and a lane for each batch that may run at the same time. */
export class ShardConsumer {
  private readonly progress: Progress;
  private readonly reader: ShardReader;
  private readonly lanes: Lane[];
  private readonly source: EventSource;
  private tipReadAt = -Infinity;

  constructor(private readonly options: ConsumerOptions) {
    const { cloud, settings, target, shardId, since, checkpoint, pollMs, save } = options;
    this.progress = new Progress(checkpoint, (sequenceNumber) => save(shardId, sequenceNumber));
    const { streamArn } = settings;
    this.reader = new ShardReader({ cloud, principal: target.principal, streamArn, shardId, since, checkpoint, pollMs });
    this.lanes = Array.from({ length: settings.lanes }, () => new Lane(cloud.clock, settings));
    this.source = { shardId, streamArn, roleArn: target.principal.arn, region: cloud.region };
  }

  /** Resolves when the shard is closed and everything in it is done with; rejects when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const closed = new AbortController();
    const stop = (): void => closed.abort();
    signal.addEventListener("abort", stop, { once: true });
    const lanes = this.lanes.map((lane) => this.work(lane, closed.signal));
    const reading = this.readAll(closed.signal);
    await Promise.race([reading, ...lanes]).finally(stop);
    await Promise.allSettled([reading, ...lanes]);
  }

  /**
   * Records that are read but not checkpointed, and one more until a read that began after `since` found nothing behind it;
   * a shard that ended counts until its children can.
   */
  pending(since = 0): number {
    return this.progress.unfinished + (this.tipReadAt > since ? 0 : 1);
  }

  private async readAll(signal: AbortSignal): Promise<void> {
    const { settings } = this.options;
    const readAhead = Math.max(MIN_READ_AHEAD, 2 * settings.batchSize * settings.lanes);
    const mayRead = (): boolean => this.progress.unfinished <= readAhead / 2 && this.progress.unfinishedBytes <= MAX_READ_AHEAD_BYTES;
    for (let ended = false; !ended || this.progress.unfinished > 0;) {
      await this.reader.pace(signal);
      if (!ended && mayRead()) ended = await this.readOnce(readAhead - this.progress.unfinished);
    }
  }

  private async readOnce(room: number): Promise<boolean> {
    const startedAt = performance.now();
    try {
      const read = await this.reader.read(room);
      if (read === undefined) return false;
      this.options.onProblem(undefined);
      this.tipReadAt = read.ended ? -Infinity : read.atTip ? startedAt : this.tipReadAt;
      this.distribute(read.records.map((record) => this.progress.add(record)));
      return read.ended;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.options.onProblem(error.message);
      return false;
    }
  }

  private distribute(records: StreamRecord[]): void {
    const shares = this.lanes.map((): StreamRecord[] => []);
    for (const record of records) shares[laneOf(record.partitionKey, this.lanes.length)].push(record);
    shares.forEach((share, i) => this.lanes[i].push(share));
  }

  private async work(lane: Lane, signal: AbortSignal): Promise<never> {
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
    for (;;) await runBatch(await lane.next(signal), settings, ports);
  }

  /** Keeps trying: a discarded batch is lost only where the mapping has no failure destination. */
  private async discard(records: readonly StreamRecord[], discard: Discard, signal: AbortSignal): Promise<void> {
    const { cloud, settings, mappingUuid, target } = this.options;
    const bucket = settings.failureBucket;
    if (bucket === undefined) return;
    for (let failures = 1; ; failures += 1) {
      try {
        await writeDiscarded(cloud, { bucket, mappingUuid, target }, this.source, records, discard);
        return;
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        this.options.onProblem(error.message);
        await this.pause(failures, signal);
      }
    }
  }

  private async pause(failures: number, signal: AbortSignal): Promise<void> {
    await this.options.cloud.clock.sleep(Math.min(MAX_PAUSE_MS, 1000 * 2 ** (failures - 1)), signal);
  }
}
