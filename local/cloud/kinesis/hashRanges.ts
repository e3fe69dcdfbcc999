import { createHash } from "node:crypto";

/** Hash keys are 128 bits wide. */
export const MAX_HASH_KEY = 2n ** 128n - 1n;

/** The part of the hash key space that a shard takes; both ends belong to it. */
export interface HashRange {
  start: bigint;
  end: bigint;
}

/**
 * Cuts the hash key space into even ranges; the last one takes what the division leaves.
 *
 * @param shardCount 1 or more
 */
export function splitHashKeys(shardCount: number): HashRange[] {
  const width = rangeWidth(shardCount);
  return Array.from({ length: shardCount }, (_, i) => ({
    start: BigInt(i) * width,
    end: i === shardCount - 1 ? MAX_HASH_KEY : BigInt(i + 1) * width - 1n,
  }));
}

/** Index of the range of {@link splitHashKeys} that holds a hash key. */
export function shardIndexOf(hashKey: bigint, shardCount: number): number {
  return Math.min(Number(hashKey / rangeWidth(shardCount)), shardCount - 1);
}

/**
 * MD5 of the partition key as a 128-bit number.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash("md5").update(partitionKey, "utf8").digest("hex")}`);
}

const rangeWidth = (shardCount: number): bigint => (MAX_HASH_KEY + 1n) / BigInt(shardCount);
