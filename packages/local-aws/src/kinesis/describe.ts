import type { Json, Operation } from "../service";
import { checkMembers } from "./members";
import { REQUESTS } from "./requests";
import type { Shard } from "./shard";
import type { Stream, Streams } from "./stream";

/** Shards of one DescribeStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html */
const DESCRIBED_SHARDS = 100;

/** DescribeStream, DescribeStreamSummary and ListShards. */
export function describeOperations(streams: Streams): Record<string, Operation> {
  const operation = (name: keyof typeof REQUESTS, describe: (stream: Stream) => Json): Operation => ({
    permissions: (input) => [{ action: `kinesis:${name}`, resource: streams.arnOf(streams.nameIn(input)) }],
    run: async (input) => {
      checkMembers(name, REQUESTS[name], input);
      return { output: describe(streams.get(streams.nameIn(input))) };
    },
  });
  return {
    DescribeStream: operation("DescribeStream", (stream) => ({
      StreamDescription: {
        ...describeStream(stream),
        Shards: stream.shards.slice(0, DESCRIBED_SHARDS).map(describeShard),
        HasMoreShards: stream.shards.length > DESCRIBED_SHARDS,
      },
    })),
    DescribeStreamSummary: operation("DescribeStreamSummary", (stream) => ({
      StreamDescriptionSummary: {
        ...describeStream(stream),
        OpenShardCount: stream.shards.length,
        ConsumerCount: 0,
        MaxRecordSizeInKiB: stream.settings.maxRecordKiB,
      },
    })),
    ListShards: operation("ListShards", ({ shards }) => ({ Shards: shards.map(describeShard) })),
  };
}

function describeStream({ arn, settings }: Stream): Json {
  const { name, mode, createdAt, retentionHours, shardLevelMetrics, encryption, keyId } = settings;
  return {
    StreamName: name,
    StreamARN: arn,
    StreamStatus: "ACTIVE",
    StreamModeDetails: { StreamMode: mode },
    StreamCreationTimestamp: createdAt / 1000,
    RetentionPeriodHours: retentionHours,
    EnhancedMonitoring: [{ ShardLevelMetrics: shardLevelMetrics }],
    EncryptionType: encryption,
    ...(keyId === undefined ? {} : { KeyId: keyId }),
  };
}

const describeShard = ({ id, range: { start, end }, sequence }: Shard): Json => ({
  ShardId: id,
  HashKeyRange: { StartingHashKey: String(start), EndingHashKey: String(end) },
  SequenceNumberRange: { StartingSequenceNumber: sequence.format(0) },
});
