import type { StreamRecord } from "../src/kinesis/shardReader";

/** A record as an event source mapping reads it; its sequence number is its ordinal. */
export const record = (ordinal: number, arrivedAt = 0, data = ""): StreamRecord => ({
  sequenceNumber: String(ordinal),
  partitionKey: "key",
  data,
  arrivedAt,
});

/** The first records of a shard. */
export const records = (count: number): StreamRecord[] => Array.from({ length: count }, (_, i) => record(i));
