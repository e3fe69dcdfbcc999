import { createHash } from "node:crypto";

/** Hash keys are 128 bits wide. */
export const MAX_HASH_KEY = 2n ** 128n - 1n;

/** The part of the hash key space that a shard takes; both ends belong to it. */
export interface HashRange {
  start: bigint;
  end: bigint;
}

/**
 * Cuts the hash key space into even ranges. Each one of `n` begins where one of `2n` does, so that doubling splits every range once.
 *
 * @param shardCount 1 or more
 */
export function splitHashKeys(shardCount: number): HashRange[] {
  const start = (i: number): bigint => ((MAX_HASH_KEY + 1n) * BigInt(i)) / BigInt(shardCount);
  return Array.from({ length: shardCount }, (_, i) => ({ start: start(i), end: start(i + 1) - 1n }));
}

/**
 * Finds what takes a hash key.
 *
 * @param parts by their ranges' order, which cover all hash keys
 */
export function findByHashKey<T extends { range: HashRange }>(parts: readonly T[], hashKey: bigint): T {
  let low = 0;
  for (let high = parts.length - 1; low < high;) {
    const middle = Math.ceil((low + high) / 2);
    if (parts[middle].range.start <= hashKey) low = middle;
    else high = middle - 1;
  }
  return parts[low];
}

/**
 * MD5 of the partition key as a 128-bit number.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash("md5").update(partitionKey, "utf8").digest("hex")}`);
}
