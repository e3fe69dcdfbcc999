import { setTimeout } from "node:timers/promises";
import type { Cloud, Principal, Worker } from "../service";
import { ServiceError } from "../service";
import { RecordBuffer } from "./buffer";
import { Delivery } from "./delivery";
import { Problems } from "./problems";
import type { DeliverySettings } from "./settings";
import { ShardReaders, type Begin } from "./shardReaders";

/** Reading rests while so many batches wait for S3. */
const MAX_WAITING_BATCHES = 3;

/** Brings the records of a stream into a bucket. */
export class DeliveryStream implements Worker {
  readonly name: string;
  private readonly stopping = new AbortController();
  private readonly buffer: RecordBuffer;
  private readonly delivery: Delivery;
  private readonly problems: Problems;
  private readonly readers: ShardReaders;
  private readonly principals = new Map<string, Principal>();
  private running: Promise<void> = Promise.resolve();
  private problem?: string;

  /** @param pollMs real milliseconds between the reads of a shard, whose limit of five a second is shared with other readers */
  constructor(
    private readonly cloud: Cloud,
    readonly settings: DeliverySettings,
    readonly arn: string,
    readonly begin: Begin,
    private readonly pollMs: number,
  ) {
    this.name = `delivery stream ${settings.name}`;
    const role = () => this.role(settings.roleArn);
    const store = cloud.store("firehose");
    this.problems = new Problems(cloud, settings, arn, role, store);
    this.delivery = new Delivery(cloud, settings, role, this.problems, store, this.stopping.signal);
    this.readers = new ShardReaders(cloud, settings.source.streamArn, begin, () => this.reading());
    this.buffer = new RecordBuffer(cloud.clock, settings, (batch) => this.delivery.add(batch));
  }

  /**
   * Fixes the place at which reading starts: the end of each shard at this moment.
   *
   * @throws ServiceError when a role cannot be assumed, or may not read the stream
   */
  async startAtLatest(): Promise<void> {
    this.role(this.settings.roleArn);
    const { streamArn } = this.settings.source;
    await this.cloud.call(this.reading(), "kinesis", "DescribeStream", { StreamARN: streamArn });
    await this.readers.startAtLatest();
  }

  start(): void {
    this.running = this.poll();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.buffer.discard();
    await this.delivery.idle();
  }

  /** Records that are not delivered, and one more for each shard until a read that began after `since` found nothing in it. */
  pending(since = 0): number {
    return this.readers.unread(since) + this.undelivered;
  }

  /** Records that were read and are not in S3 yet. */
  get undelivered(): number {
    return this.buffer.records + this.delivery.undelivered.records;
  }

  private async poll(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const rest = setTimeout(this.pollMs, undefined, { signal }).catch(() => undefined);
      if (this.delivery.undelivered.batches < MAX_WAITING_BATCHES) await this.readAll();
      await rest;
    }
  }

  private async readAll(): Promise<void> {
    try {
      for (const shardId of await this.readers.inTurn()) await this.readOne(shardId);
    } catch (error) {
      await this.tell(error);
    }
  }

  private async readOne(shardId: string): Promise<void> {
    try {
      for (const record of await this.readers.read(shardId)) this.buffer.add(record);
      this.problem = undefined;
    } catch (error) {
      await this.tell(error);
    }
  }

  /** Another reader of the shard was faster, or there is a problem, which is told once. */
  private async tell(error: unknown): Promise<void> {
    if (error instanceof ServiceError && error.code === "ProvisionedThroughputExceededException") return;
    const problem = String(error);
    if (problem !== this.problem) await this.problems.tell("Kinesis", error);
    this.problem = problem;
  }

  private reading(): Principal {
    return this.role(this.settings.source.roleArn);
  }

  /** Firehose names the account as external id, so that a role's trust can demand it. */
  private role(arn: string): Principal {
    const known = this.principals.get(arn) ?? this.cloud.assume(arn, "firehose.amazonaws.com", { "sts:ExternalId": this.cloud.account });
    this.principals.set(arn, known);
    return known;
  }
}
