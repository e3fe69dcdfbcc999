import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { listShardIds } from "../kinesis/shardReader";
import { ServiceError, type Cloud, type Json, type ResourceType, type Worker } from "../service";
import type { DeployedFunction } from "./function";
import { MAPPING_INPUTS, mappingSettings, type MappingSettings } from "./mappingSettings";
import { runTogether, ShardConsumer } from "./shardConsumer";

/** An event source mapping: a consumer for each shard of the stream. */
export class Mapping implements Worker {
  readonly name: string;
  readonly uuid = randomUUID();
  private readonly createdAt: number;
  private readonly stopped = new AbortController();
  private consumers: ShardConsumer[] = [];
  private running: Promise<void> = Promise.resolve();
  private listed = false;

  /** @param pollMs real milliseconds between two reads of a shard */
  constructor(
    private readonly cloud: Cloud,
    readonly settings: MappingSettings,
    readonly target: DeployedFunction,
    private readonly pollMs: number,
  ) {
    this.name = `event source mapping ${target.settings.name}`;
    this.createdAt = cloud.clock.now();
  }

  /** Sequence numbers up to which all records of a shard are processed or discarded, for each shard that has one. */
  get checkpoints(): string[] {
    return this.consumers.flatMap(({ checkpoint }) => checkpoint ?? []);
  }

  start(): void {
    if (!this.settings.enabled) return;
    const { signal } = this.stopped;
    this.running = this.run(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  pending(since?: number): number {
    if (!this.settings.enabled) return 0;
    return this.consumers.reduce((sum, consumer) => sum + consumer.pending(since), this.listed ? 0 : 1);
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { cloud, settings, target, uuid: mappingUuid, pollMs } = this;
    const since = settings.startingPosition === "LATEST" ? this.createdAt : settings.startingTime;
    const shardIds = await this.listShards(signal);
    this.consumers = shardIds.map((shardId) => new ShardConsumer({ cloud, mappingUuid, settings, target, shardId, since, pollMs }));
    this.listed = true;
    await runTogether(signal, (either) => this.consumers.map((consumer) => consumer.run(either)));
  }

  /** Asks again until the role has the permissions. */
  private async listShards(signal: AbortSignal): Promise<string[]> {
    for (;;) {
      try {
        return await listShardIds(this.cloud, this.target.principal, this.settings.streamArn);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        await setTimeout(this.pollMs, undefined, { signal });
      }
    }
  }
}

/**
 * Resource type `aws:lambda/eventSourceMapping:EventSourceMapping`.
 *
 * @param workers receives the mappings
 */
export function mappingResource(
  cloud: Cloud,
  workers: Mapping[],
  find: (nameOrArn: string) => DeployedFunction,
  pollMs: number,
): ResourceType {
  return {
    inputs: MAPPING_INPUTS.names,
    check: (inputs) => MAPPING_INPUTS.check(inputs),
    create: async (inputs: Json) => {
      const settings = mappingSettings(inputs);
      const target = find(settings.functionName);
      const { streamArn } = settings;
      const existing = workers.find((known) => known.settings.streamArn === streamArn && known.target === target);
      if (existing) {
        const message = `An event source mapping of ${streamArn} to ${target.arn} exists: ${existing.uuid}`;
        throw new ServiceError("ResourceConflictException", message, 409);
      }
      const mapping = new Mapping(cloud, settings, target, pollMs);
      workers.push(mapping);
      const { uuid } = mapping;
      const arn = `arn:aws:lambda:${cloud.region}:${cloud.account}:event-source-mapping:${uuid}`;
      const state = settings.enabled ? "Enabled" : "Disabled";
      return { id: uuid, state: { uuid, arn, functionArn: target.arn, state, tagsAll: inputs.tags ?? {} } };
    },
  };
}
