import { ServiceError, type Cloud, type Json, type Operation, type Reply } from "../service";
import { checkMembers } from "./members";
import { REQUESTS } from "./requests";
import type { Shard } from "./shard";
import { notFound, type Stream, type Streams } from "./streams";
import { checkPageTokenAge, readPageToken, writePageToken } from "./tokens";

const DEFAULT_PAGE = 100;
const MAX_SHARDS_LISTED = 1000;

interface ShardFilter {
  Type: string;
  ShardId?: string;
  Timestamp?: number;
}

/** DescribeStream, DescribeStreamSummary, ListShards and ListStreams. */
export function describeOperations(cloud: Cloud, streams: Streams): Record<string, Operation> {
  const describeStream = async (input: Json): Promise<Reply> => {
    const stream = streams.get(streams.nameIn(input));
    const from = indexAfter(stream, input.ExclusiveStartShardId as string | undefined);
    const to = from + ((input.Limit as number | undefined) ?? DEFAULT_PAGE);
    const shards = stream.shards.slice(from, to).map(describeShard);
    return { output: { StreamDescription: { ...describe(stream), Shards: shards, HasMoreShards: to < stream.shards.length } } };
  };

  const describeStreamSummary = async (input: Json): Promise<Reply> => {
    const stream = streams.get(streams.nameIn(input));
    const summary = {
      ...describe(stream),
      OpenShardCount: stream.shards.length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: stream.settings.maxRecordKiB,
    };
    return { output: { StreamDescriptionSummary: summary } };
  };

  const listShards = async (input: Json): Promise<Reply> => {
    const now = cloud.clock.now();
    const { stream, from } = input.NextToken === undefined ? firstPage(streams, input) : nextPage(streams, input, now);
    const to = from + Math.min((input.MaxResults as number | undefined) ?? MAX_SHARDS_LISTED, MAX_SHARDS_LISTED);
    const more = to < stream.shards.length ? { NextToken: writePageToken({ stream: stream.settings.name, from: to }, now) } : {};
    return { output: { Shards: stream.shards.slice(from, to).map(describeShard), ...more } };
  };

  const listStreams = async (input: Json): Promise<Reply> => {
    const after = (input.NextToken ?? input.ExclusiveStartStreamName ?? "") as string;
    const names = streams.names().filter((name) => name > after);
    const page = names.slice(0, (input.Limit as number | undefined) ?? DEFAULT_PAGE);
    const HasMoreStreams = page.length < names.length;
    const StreamSummaries = page.map((name) => summarize(streams.get(name)));
    return { output: { StreamNames: page, StreamSummaries, HasMoreStreams, ...(HasMoreStreams ? { NextToken: page.at(-1) } : {}) } };
  };

  const onStream = (name: keyof typeof REQUESTS, run: (input: Json) => Promise<Reply>): Operation => ({
    needs: (input) => [{ action: `kinesis:${name}`, resource: streams.arnOf(streams.nameIn(input)) }],
    run: checked(name, run),
  });
  return {
    DescribeStream: onStream("DescribeStream", describeStream),
    DescribeStreamSummary: onStream("DescribeStreamSummary", describeStreamSummary),
    ListShards: {
      needs: (input) => {
        const name = input.NextToken === undefined ? streams.nameIn(input) : readPageToken(input.NextToken).stream;
        return [{ action: "kinesis:ListShards", resource: streams.arnOf(name) }];
      },
      run: checked("ListShards", listShards),
    },
    ListStreams: { needs: () => [{ action: "kinesis:ListStreams", resource: "*" }], run: checked("ListStreams", listStreams) },
  };
}

const checked = (name: keyof typeof REQUESTS, run: (input: Json) => Promise<Reply>) => async (input: Json) => {
  checkMembers(name, REQUESTS[name], input);
  return run(input);
};

function firstPage(streams: Streams, input: Json): { stream: Stream; from: number } {
  const stream = streams.get(streams.nameIn(input));
  const created = input.StreamCreationTimestamp as number | undefined;
  if (created !== undefined && Math.floor(created) !== Math.floor(stream.settings.createdAt / 1000)) {
    throw notFound(`Stream ${stream.settings.name} created at ${created} not found.`);
  }
  const filter = input.ShardFilter as ShardFilter | undefined;
  if (filter?.Type.endsWith("_TIMESTAMP") && filter.Timestamp === undefined) {
    throw new ServiceError("InvalidArgumentException", `ShardFilter of type ${filter.Type} must have a Timestamp.`);
  }
  if (filter?.Type !== "AFTER_SHARD_ID") return { stream, from: indexAfter(stream, input.ExclusiveStartShardId as string | undefined) };
  if (filter.ShardId === undefined) {
    throw new ServiceError("InvalidArgumentException", "ShardFilter of type AFTER_SHARD_ID must have a ShardId.");
  }
  return { stream, from: indexAfter(stream, filter.ShardId) };
}

function nextPage(streams: Streams, input: Json, now: number): { stream: Stream; from: number } {
  const forbidden = ["StreamName", "ExclusiveStartShardId", "StreamCreationTimestamp"].find((name) => input[name] !== undefined);
  if (forbidden !== undefined) throw new ServiceError("InvalidArgumentException", `NextToken and ${forbidden} cannot be given together.`);
  const { stream, from, issuedAt } = readPageToken(input.NextToken);
  checkPageTokenAge(issuedAt, now);
  return { stream: streams.get(stream), from };
}

/** Index of the first shard whose id follows; shards never split or merge here, so that ids and indexes have one order. */
function indexAfter(stream: Stream, shardId: string | undefined): number {
  if (shardId === undefined) return 0;
  const from = stream.shards.findIndex(({ id }) => id > shardId);
  return from < 0 ? stream.shards.length : from;
}

function summarize({ settings, arn }: Stream): Json {
  return {
    StreamName: settings.name,
    StreamARN: arn,
    StreamStatus: "ACTIVE",
    StreamModeDetails: { StreamMode: settings.mode },
    StreamCreationTimestamp: settings.createdAt / 1000,
  };
}

function describe(stream: Stream): Json {
  const { retentionHours, shardLevelMetrics, encryption, keyId } = stream.settings;
  return {
    ...summarize(stream),
    RetentionPeriodHours: retentionHours,
    EnhancedMonitoring: [{ ShardLevelMetrics: shardLevelMetrics }],
    EncryptionType: encryption,
    ...(keyId === undefined ? {} : { KeyId: keyId }),
  };
}

function describeShard({ id, range, sequence }: Shard): Json {
  return {
    ShardId: id,
    HashKeyRange: { StartingHashKey: String(range.start), EndingHashKey: String(range.end) },
    SequenceNumberRange: { StartingSequenceNumber: sequence.format(0) },
  };
}
