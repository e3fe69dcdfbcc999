import { performance } from "node:perf_hooks";
import { listShards, shardsInTurn, type ListedShard } from "../kinesis/lineage";
import type { Cloud, Principal } from "../service";
import type { SourceRecord } from "./buffer";
import { ShardReader } from "./shardReader";

/** Where reading begins. */
export interface Begin {
  /** Epoch milliseconds of creation. */
  createdAt: number;
  /** Sequence number of the last delivered record by shard. */
  checkpoints: ReadonlyMap<string, string>;
}

/** The readers of a stream's shards: a closed shard's children come when it is read to its end. */
export class ShardReaders {
  private readonly readers = new Map<string, ShardReader>();
  private shards: ListedShard[] = [];
  private readonly ended = new Set<string>();
  /** Whether there may be shards that are not listed yet. */
  private unlisted = true;
  /** Real time at which the last read that found a shard empty began, by shard. */
  private readonly empty = new Map<string, number>();

  /** @param as who may read the stream */
  constructor(
    private readonly cloud: Cloud,
    private readonly streamArn: string,
    private readonly begin: Begin,
    private readonly as: () => Principal,
  ) {}

  /** Fixes the place at the end of each shard. */
  async startAtLatest(): Promise<void> {
    await this.list();
    for (const { ShardId } of this.shards) await this.readerOf(ShardId).startAtLatest(this.as());
  }

  /**
   * The shards to read now.
   *
   * @throws ServiceError when the stream's shards cannot be listed
   */
  async inTurn(): Promise<string[]> {
    if (this.unlisted) await this.list();
    return shardsInTurn(this.shards, this.ended);
  }

  /**
   * Reads a shard on.
   *
   * @throws ServiceError what Kinesis answers
   */
  async read(shardId: string): Promise<SourceRecord[]> {
    const began = performance.now();
    const { records, empty, ended } = await this.readerOf(shardId).read(this.as());
    if (empty) this.empty.set(shardId, began);
    else this.empty.delete(shardId);
    if (ended) {
      this.ended.add(shardId);
      this.readers.delete(shardId);
      this.unlisted = true;
    }
    return records;
  }

  /** One for each shard until a read that began after `since` found nothing in it, and one while shards may be unknown. */
  unread(since: number): number {
    const unread = this.shards.filter(({ ShardId }) => !this.ended.has(ShardId) && (this.empty.get(ShardId) ?? -Infinity) <= since);
    return unread.length + (this.unlisted ? 1 : 0);
  }

  private async list(): Promise<void> {
    this.shards = await listShards(this.cloud, this.as(), this.streamArn);
    this.unlisted = false;
  }

  private readerOf(shardId: string): ShardReader {
    const { createdAt, checkpoints } = this.begin;
    const reader = this.readers.get(shardId) ?? new ShardReader(this.cloud, this.streamArn, shardId, createdAt, checkpoints.get(shardId));
    this.readers.set(shardId, reader);
    return reader;
  }
}
