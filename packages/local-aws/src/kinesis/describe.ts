import { operations } from "../operation";
import type { Json } from "../service";
import type { Shard } from "./shard";
import { DIALECT, STREAM_MEMBERS, type Stream, type Streams } from "./stream";

/** Shards of one DescribeStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html */
const DESCRIBED_SHARDS = 100;

/** DescribeStream, DescribeStreamSummary and ListShards. */
export function describeOperations(streams: Streams) {
  const definition = (describe: (stream: Stream) => Json) => ({
    members: STREAM_MEMBERS,
    resources: (request: Parameters<Streams["nameIn"]>[0]) => streams.arnOf(streams.nameIn(request)),
    run: (request: Parameters<Streams["nameIn"]>[0]) => describe(streams.get(streams.nameIn(request))),
  });
  return operations(DIALECT, {
    DescribeStream: definition((stream) => ({
      StreamDescription: {
        ...describeStream(stream),
        Shards: stream.shards.slice(0, DESCRIBED_SHARDS).map(describeShard),
        HasMoreShards: stream.shards.length > DESCRIBED_SHARDS,
      },
    })),
    DescribeStreamSummary: definition((stream) => ({
      StreamDescriptionSummary: {
        ...describeStream(stream),
        OpenShardCount: stream.shards.length,
        ConsumerCount: 0,
        MaxRecordSizeInKiB: stream.settings.maxRecordKiB,
      },
    })),
    ListShards: definition(({ shards }) => ({ Shards: shards.map(describeShard) })),
  });
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
