import { ServiceError, type Cloud, type Json } from "../service";
import { findByHashKey, splitHashKeys } from "./hashRanges";
import type { Change } from "./reshardPlan";
import { Shard } from "./shard";

const ARN = /^arn:[^:]+:kinesis:([^:]+):(\d{12}):stream\/([\w.-]{1,128})$/;
const HOUR_MS = 3_600_000;

/** What a stream was created with. */
export interface StreamSettings {
  name: string;
  mode: "PROVISIONED" | "ON_DEMAND";
  shardCount: number;
  retentionHours: number;
  encryption: "NONE" | "KMS";
  keyId?: string;
  maxRecordKiB: number;
  shardLevelMetrics: string[];
  /** Epoch milliseconds. */
  createdAt: number;
}

/** One record of a log entry: shard, partition key, data (base64). */
export type LoggedRecord = [shard: number, partitionKey: string, data: string];

/** A stream and its shards. */
export class Stream {
  /** All shards by index, closed ones too. */
  readonly shards: Shard[];
  status: "ACTIVE" | "UPDATING" = "ACTIVE";
  /** When UpdateShardCount was called, epoch milliseconds. */
  readonly scaledAt: number[] = [];
  private open: Shard[];
  /** Resolves when everything that was accepted so far is in the log. */
  private logged: Promise<unknown> = Promise.resolve();

  constructor(
    readonly settings: StreamSettings,
    readonly arn: string,
  ) {
    const { createdAt, retentionHours, shardCount } = settings;
    this.shards = splitHashKeys(shardCount).map((range, i) => new Shard(i, range, createdAt, retentionHours * HOUR_MS));
    this.open = [...this.shards];
  }

  /** Shards that take records, in the order of their hash keys. */
  get openShards(): readonly Shard[] {
    return this.open;
  }

  shardOf(hashKey: bigint): Shard {
    return findByHashKey(this.open, hashKey);
  }

  /**
   * Closes shards and opens their children.
   *
   * @param at epoch milliseconds of the request
   */
  reshard(changes: readonly Change[], at: number): void {
    const { createdAt, retentionHours } = this.settings;
    for (const { parents, ranges } of changes) {
      const closing = parents.map((index) => this.shards[index]);
      const children = ranges.map((range, i) => new Shard(this.shards.length + i, range, createdAt, retentionHours * HOUR_MS, closing));
      this.shards.push(...children);
      for (const shard of closing) shard.close(at, children);
    }
    this.open = this.shards.filter(({ open }) => open).sort((a, b) => (a.range.start < b.range.start ? -1 : 1));
  }

  /**
   * Adds records and shows them to readers once they, and all before them, are in the log.
   *
   * @param log writes the records durably
   * @returns the positions, in the records' order
   */
  async write(records: LoggedRecord[], now: number, log: () => Promise<void>): Promise<number[]> {
    if (records.length === 0) return [];
    const positions = records.map(([shard, key, data]) => this.shards[shard].append(key, data, now));
    this.logged = Promise.all([this.logged, log()]);
    await this.logged;
    records.forEach(([shard], i) => this.shards[shard].publish(positions[i]));
    return positions;
  }
}

/** The account's streams by name. */
export class Streams {
  private readonly byName = new Map<string, Stream>();

  constructor(private readonly cloud: Pick<Cloud, "region" | "account">) {}

  arnOf(name: string): string {
    return `arn:aws:kinesis:${this.cloud.region}:${this.cloud.account}:stream/${name}`;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  add(settings: StreamSettings): Stream {
    const stream = new Stream(settings, this.arnOf(settings.name));
    this.byName.set(settings.name, stream);
    return stream;
  }

  /** Names in alphabetical order. */
  names(): string[] {
    return [...this.byName.keys()].sort();
  }

  /** @throws ServiceError ResourceNotFoundException */
  get(name: string): Stream {
    const stream = this.byName.get(name);
    if (!stream) throw notFound(`Stream ${name} under account ${this.cloud.account} not found.`);
    return stream;
  }

  /**
   * Name of the stream that a request means by StreamName, StreamARN or both.
   *
   * @throws ServiceError when neither is given, the two differ or the ARN is of another account or region
   */
  nameIn({ StreamName: name, StreamARN: arn }: Json): string {
    if (typeof arn !== "string") {
      if (typeof name === "string") return name;
      throw new ServiceError("InvalidArgumentException", "Either StreamName or StreamARN must be given.");
    }
    const [, region, account, named] = ARN.exec(arn) ?? [];
    if (named === undefined) {
      throw new ServiceError("ValidationException", `StreamARN must be the ARN of a stream, got ${arn}.`);
    }
    if (region !== this.cloud.region || account !== this.cloud.account) throw notFound(`Stream ${arn} not found.`);
    if (typeof name === "string" && name !== named) {
      throw new ServiceError("InvalidArgumentException", `StreamName ${name} is not the stream of StreamARN ${arn}.`);
    }
    return named;
  }
}

/** A stream or shard that is not there. */
export const notFound = (message: string): ServiceError => new ServiceError("ResourceNotFoundException", message);
