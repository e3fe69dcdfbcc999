import type { Members } from "./members";

const stream: Members = {
  StreamName: { type: "text", min: 1, max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ },
  StreamARN: { type: "text", min: 1, max: 2048 },
};
const shardId: Members[string] = { type: "text", min: 1, max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ };
const sequenceNumber: Members[string] = { type: "text", pattern: /^(0|[1-9]\d{0,128})$/ };
const page: Members[string] = { type: "integer", min: 1, max: 10_000 };
const hashKey: Members[string] = { type: "text", pattern: /^(0|[1-9]\d{0,38})$/ };
const record: Members = {
  Data: { type: "blob", required: true },
  PartitionKey: { type: "text", required: true, min: 1, max: 256 },
  ExplicitHashKey: hashKey,
};

/** Most records of one PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;

/**
 * The members that each operation knows. Any other one is refused by name.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
 */
export const REQUESTS = {
  PutRecord: { ...stream, ...record },
  PutRecords: { ...stream, Records: { type: "list", required: true, min: 1, max: MAX_RECORDS, members: record } },
  GetShardIterator: {
    ...stream,
    ShardId: { ...shardId, required: true },
    ShardIteratorType: {
      type: "text",
      required: true,
      values: ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"],
    },
    StartingSequenceNumber: sequenceNumber,
    Timestamp: { type: "timestamp" },
  },
  GetRecords: { StreamARN: stream.StreamARN, ShardIterator: { type: "text", required: true, min: 1, max: 512 }, Limit: page },
  ListShards: stream,
  DescribeStream: stream,
  DescribeStreamSummary: stream,
} as const satisfies Record<string, Members>;
