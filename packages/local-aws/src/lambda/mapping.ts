import { setTimeout } from "node:timers/promises";
import { listShards, shardsInTurn, type ListedShard } from "../kinesis/lineage";
import { ServiceError, type Cloud, type Worker } from "../service";
import type { DeployedFunction } from "./function";
import type { MappingSettings } from "./mappingSettings";
import { ShardConsumer } from "./shardConsumer";

export interface MappingOptions {
  cloud: Cloud;
  uuid: string;
  settings: MappingSettings;
  target: DeployedFunction;
  /** Epoch milliseconds: where reading begins with LATEST. */
  createdAt: number;
  /** Checkpoint by shard; the mapping keeps it up to date. */
  checkpoints: Map<string, string>;
  /** Real milliseconds between two reads of a shard. */
  pollMs: number;
}

/** An event source mapping at work: a consumer for each shard of the stream, children after their parents. */
export class Mapping implements Worker {
  readonly name: string;
  /** What keeps it from going on, such as a missing permission; undefined when nothing does. */
  problem?: string;
  private readonly consumers = new Map<string, ShardConsumer>();
  private readonly ended = new Set<string>();
  private readonly stopped = new AbortController();
  /** Whether there may be shards that have no consumer yet. */
  private listing = true;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: MappingOptions) {
    this.name = `event source mapping ${options.target.settings.name}`;
  }

  start(): void {
    if (!this.options.settings.enabled) return;
    this.running = this.run(this.stopped.signal).catch((error: unknown) => {
      if (!this.stopped.signal.aborted) this.report(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  pending(since?: number): number {
    if (!this.options.settings.enabled) return 0;
    return [...this.consumers.values()].reduce((sum, consumer) => sum + consumer.pending(since), this.listing ? 1 : 0);
  }

  private async run(signal: AbortSignal): Promise<void> {
    const failure = new AbortController();
    const stop = (): void => failure.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const running = new Map<string, Promise<void>>();
    try {
      for (;;) {
        const known = this.ended.size;
        for (const shardId of shardsInTurn(await this.listShards(signal), this.ended)) {
          if (!running.has(shardId)) running.set(shardId, this.consume(shardId, failure.signal));
        }
        this.listing = this.ended.size > known;
        const relist = running.size === 0 ? [setTimeout(this.options.pollMs, undefined, { signal })] : [];
        await Promise.race([...running.values(), ...relist]);
        for (const shardId of this.ended) running.delete(shardId);
      }
    } finally {
      failure.abort();
      await Promise.allSettled(running.values());
      signal.removeEventListener("abort", stop);
    }
  }

  private async consume(shardId: string, signal: AbortSignal): Promise<void> {
    const { cloud, uuid, settings, target, createdAt, checkpoints, pollMs } = this.options;
    const consumer = new ShardConsumer({
      cloud,
      mappingUuid: uuid,
      settings,
      target,
      shardId,
      since: settings.startingPosition === "LATEST" ? createdAt / 1000 : settings.startingTimestamp,
      checkpoint: checkpoints.get(shardId),
      save: async (shard, sequenceNumber) => {
        checkpoints.set(shard, sequenceNumber);
        await cloud.store("lambda").append("checkpoints", { mapping: uuid, shard, sequenceNumber });
      },
      pollMs,
      onProblem: (problem) => this.report(problem && `${shardId}: ${problem}`),
    });
    this.consumers.set(shardId, consumer);
    await consumer.run(signal);
    this.listing = true;
    this.ended.add(shardId);
    this.consumers.delete(shardId);
  }

  /** All shards of the stream; asks again until the role may. */
  private async listShards(signal: AbortSignal): Promise<ListedShard[]> {
    const { cloud, settings, target, pollMs } = this.options;
    for (;;) {
      try {
        await cloud.call(target.principal, "kinesis", "DescribeStream", { StreamARN: settings.streamArn, Limit: 1 });
        const shards = await listShards(cloud, target.principal, settings.streamArn);
        this.report(undefined);
        return shards;
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        this.report(error.message);
        await setTimeout(pollMs, undefined, { signal });
      }
    }
  }

  private report(problem: string | undefined): void {
    this.problem = problem;
  }
}
