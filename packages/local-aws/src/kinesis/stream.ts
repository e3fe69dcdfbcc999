import { createHash } from "node:crypto";
import { z } from "zod";
import type { Dialect } from "../operation";
import { ServiceError, type Cloud } from "../service";
import { Shard, type HashRange } from "./shard";

const ARN = /^arn:[^:]+:kinesis:([^:]+):(\d{12}):stream\/([\w.-]{1,128})$/;
const HOUR_MS = 3_600_000;

export const DIALECT: Dialect = { service: "kinesis", invalid: "ValidationException" };

/** The members by which a request names its stream. */
export const STREAM_MEMBERS = {
  StreamName: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[a-zA-Z0-9_.-]+$/)
    .optional(),
  StreamARN: z.string().min(1).max(2048).optional(),
};

/** The largest hash key: hash keys have 128 bits. */
export const MAX_HASH_KEY = 2n ** 128n - 1n;

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

/** A stream and its shards, whose number never changes: resharding operations are refused by name. */
export class Stream {
  /** In the order of their hash keys. */
  readonly shards: readonly Shard[];

  constructor(
    readonly settings: StreamSettings,
    readonly arn: string,
  ) {
    const { createdAt, retentionHours, shardCount } = settings;
    this.shards = splitHashKeys(shardCount).map((range, i) => new Shard(i, range, createdAt, retentionHours * HOUR_MS));
  }

  /** The shard of a hash key. */
  shardOf(hashKey: bigint): Shard {
    return this.shards[Number(((hashKey + 1n) * BigInt(this.shards.length) - 1n) / (MAX_HASH_KEY + 1n))];
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
  nameIn({ StreamName: name, StreamARN: arn }: { StreamName?: string; StreamARN?: string }): string {
    if (arn === undefined) {
      if (name !== undefined) return name;
      throw new ServiceError("InvalidArgumentException", "Either StreamName or StreamARN must be given.");
    }
    const [, region, account, named] = ARN.exec(arn) ?? [];
    if (named === undefined) {
      throw new ServiceError("ValidationException", `StreamARN must be the ARN of a stream, got ${arn}.`);
    }
    if (region !== this.cloud.region || account !== this.cloud.account) throw notFound(`Stream ${arn} not found.`);
    if (name !== undefined && name !== named) {
      throw new ServiceError("InvalidArgumentException", `StreamName ${name} is not the stream of StreamARN ${arn}.`);
    }
    return named;
  }
}

/** A stream or shard that does not exist. */
export const notFound = (message: string): ServiceError => new ServiceError("ResourceNotFoundException", message);

/**
 * Cuts the hash key space into even ranges.
 *
 * @param shardCount 1 or more
 */
export function splitHashKeys(shardCount: number): HashRange[] {
  const start = (i: number): bigint => ((MAX_HASH_KEY + 1n) * BigInt(i)) / BigInt(shardCount);
  return Array.from({ length: shardCount }, (_, i) => ({ start: start(i), end: start(i + 1) - 1n }));
}

/**
 * MD5 of the partition key as a 128-bit number.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash("md5").update(partitionKey, "utf8").digest("hex")}`);
}
