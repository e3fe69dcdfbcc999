import { setTimeout } from "node:timers/promises";
import { listShardIds, ShardReader } from "../kinesis/shardReader";
import type { Cloud, Principal, Worker } from "../service";
import { deaggregate } from "./deaggregate";
import { Delivery, ErrorLog, RecordBuffer } from "./delivery";
import type { DeliverySettings } from "./settings";

/** Batches that may wait for S3 before reading pauses. */
const MAX_WAITING_BATCHES = 3;

/** Delivers the records of a stream to a bucket. */
export class DeliveryStream implements Worker {
  readonly name: string;
  private readonly stopping = new AbortController();
  private readonly buffer: RecordBuffer;
  private readonly delivery: Delivery;
  private readonly errors: ErrorLog;
  private readonly principals = new Map<string, Principal>();
  private readers: ShardReader[] = [];
  private running: Promise<void> = Promise.resolve();
  private problem?: string;

  /** @param pollMs real milliseconds between two reads of a shard, whose limit of five per second all its readers share */
  constructor(
    private readonly cloud: Cloud,
    readonly settings: DeliverySettings,
    arn: string,
    private readonly pollMs: number,
  ) {
    this.name = `delivery stream ${settings.name}`;
    const role = () => this.role(settings.roleArn);
    this.errors = new ErrorLog(cloud, settings, arn, role);
    this.delivery = new Delivery(cloud, settings, role, this.errors, this.stopping.signal);
    this.buffer = new RecordBuffer(cloud.clock, settings, (batch) => this.delivery.add(batch));
  }

  /**
   * Opens each shard at this moment, from which on records are delivered.
   *
   * @throws ServiceError when a role cannot be assumed, or may not read the stream
   */
  async open(): Promise<void> {
    const { cloud } = this;
    const since = cloud.clock.now();
    const { roleArn, source } = this.settings;
    this.role(roleArn);
    const as = () => this.role(source.roleArn);
    const shardIds = await listShardIds(cloud, as(), source.streamArn);
    this.readers = shardIds.map((shardId) => new ShardReader({ cloud, as, streamArn: source.streamArn, shardId, since }));
    for (const reader of this.readers) await reader.open();
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

  /** Records that are not delivered, and one for each shard that was not read to its end by a read that began after `since`. */
  pending(since = 0): number {
    return this.readers.filter((reader) => reader.unread(since)).length + this.undelivered;
  }

  /** Records, those of an aggregate one by one, that were read and are not in S3 yet. */
  get undelivered(): number {
    return this.buffer.records + this.delivery.undelivered.records;
  }

  private async poll(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const rest = setTimeout(this.pollMs, undefined, { signal }).catch(() => undefined);
      if (this.delivery.undelivered.batches < MAX_WAITING_BATCHES) for (const reader of this.readers) await this.read(reader);
      await rest;
    }
  }

  /** A problem that repeats is logged once. */
  private async read(reader: ShardReader): Promise<void> {
    try {
      await reader.read((records) => {
        for (const { data, arrivedAt } of records) {
          for (const userRecord of deaggregate(Buffer.from(data, "base64"))) this.buffer.add(userRecord, arrivedAt);
        }
      });
      this.problem = undefined;
    } catch (error) {
      const problem = String(error);
      if (problem !== this.problem) await this.errors.write("Kinesis", error);
      this.problem = problem;
    }
  }

  /** Firehose passes the account as external id, so that a role's trust can require it. */
  private role(arn: string): Principal {
    const known = this.principals.get(arn) ?? this.cloud.assume(arn, "firehose.amazonaws.com", { "sts:ExternalId": this.cloud.account });
    this.principals.set(arn, known);
    return known;
  }
}
