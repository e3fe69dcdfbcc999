import { ServiceError, type Cloud, type Json, type Operation, type Reply } from "../service";
import { checkMembers } from "./members";
import { REQUESTS } from "./requests";
import type { HashRange } from "./hashRanges";
import type { Shard } from "./shard";
import { selection, wasOpen, type Window } from "./shardFilter";
import { notFound, type Stream, type Streams } from "./streams";
import { checkPageTokenAge, readPageToken, writePageToken } from "./tokens";

const DEFAULT_PAGE = 100;
const MAX_SHARDS_LISTED = 1000;

/** DescribeStream, DescribeStreamSummary, ListShards and ListStreams. */
export function describeOperations(cloud: Cloud, streams: Streams): Record<string, Operation> {
  const describeStream = async (input: Json): Promise<Reply> => {
    const stream = streams.get(streams.nameIn(input));
    const { after, ...window } = selection(stream, { ExclusiveStartShardId: input.ExclusiveStartShardId }, cloud.clock.now());
    const shards = stream.shards.slice(indexAfter(stream, after)).filter((shard) => wasOpen(shard, window));
    const size = (input.Limit as number | undefined) ?? DEFAULT_PAGE;
    const page = { Shards: shards.slice(0, size).map(describeShard), HasMoreShards: size < shards.length };
    return { output: { StreamDescription: { ...describe(stream), ...page } } };
  };

  const describeStreamSummary = async (input: Json): Promise<Reply> => {
    const stream = streams.get(streams.nameIn(input));
    const summary = {
      ...describe(stream),
      OpenShardCount: stream.openShards.length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: stream.settings.maxRecordKiB,
    };
    return { output: { StreamDescriptionSummary: summary } };
  };

  const listShards = async (input: Json): Promise<Reply> => {
    const now = cloud.clock.now();
    const { stream, from, window } = input.NextToken === undefined ? firstPage(streams, input, now) : nextPage(streams, input, now);
    const size = Math.min((input.MaxResults as number | undefined) ?? MAX_SHARDS_LISTED, MAX_SHARDS_LISTED);
    const shards = stream.shards.slice(from).filter((shard) => wasOpen(shard, window));
    const next = shards.at(size)?.index;
    const more = next === undefined ? {} : { NextToken: writePageToken({ stream: stream.settings.name, from: next, ...window }, now) };
    return { output: { Shards: shards.slice(0, size).map(describeShard), ...more } };
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
    permissions: (input) => [{ action: `kinesis:${name}`, resource: streams.arnOf(streams.nameIn(input)) }],
    run: checked(name, run),
  });
  return {
    DescribeStream: onStream("DescribeStream", describeStream),
    DescribeStreamSummary: onStream("DescribeStreamSummary", describeStreamSummary),
    ListShards: {
      permissions: (input) => {
        const name = input.NextToken === undefined ? streams.nameIn(input) : readPageToken(input.NextToken).stream;
        return [{ action: "kinesis:ListShards", resource: streams.arnOf(name) }];
      },
      run: checked("ListShards", listShards),
    },
    ListStreams: { permissions: () => [{ action: "kinesis:ListStreams", resource: "*" }], run: checked("ListStreams", listStreams) },
  };
}

const checked = (name: keyof typeof REQUESTS, run: (input: Json) => Promise<Reply>) => async (input: Json) => {
  checkMembers(name, REQUESTS[name], input);
  return run(input);
};

function firstPage(streams: Streams, input: Json, now: number): { stream: Stream; from: number; window: Window } {
  const stream = streams.get(streams.nameIn(input));
  const created = input.StreamCreationTimestamp as number | undefined;
  if (created !== undefined && Math.floor(created) !== Math.floor(stream.settings.createdAt / 1000)) {
    throw notFound(`Stream ${stream.settings.name} created at ${created} not found.`);
  }
  const { after, ...window } = selection(stream, input, now);
  return { stream, from: indexAfter(stream, after), window };
}

function nextPage(streams: Streams, input: Json, now: number): { stream: Stream; from: number; window: Window } {
  const forbidden = ["StreamName", "ExclusiveStartShardId", "StreamCreationTimestamp"].find((name) => input[name] !== undefined);
  if (forbidden !== undefined) throw new ServiceError("InvalidArgumentException", `NextToken and ${forbidden} cannot be given together.`);
  const { stream, from, issuedAt, ...window } = readPageToken(input.NextToken);
  checkPageTokenAge(issuedAt, now);
  return { stream: streams.get(stream), from, window };
}

/** Index of the first shard whose id follows: ids and indexes have one order. */
function indexAfter(stream: Stream, shardId: string | undefined): number {
  if (shardId === undefined) return 0;
  const from = stream.shards.findIndex(({ id }) => id > shardId);
  return from < 0 ? stream.shards.length : from;
}

function summarize({ settings, arn, status }: Stream): Json {
  return {
    StreamName: settings.name,
    StreamARN: arn,
    StreamStatus: status,
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

function describeShard({ id, range, sequence, open, end, parents: [parent, adjacent] }: Shard): Json {
  const ending = open ? {} : { EndingSequenceNumber: sequence.format(end) };
  return {
    ShardId: id,
    ...(parent ? { ParentShardId: parent.id } : {}),
    ...(adjacent ? { AdjacentParentShardId: adjacent.id } : {}),
    HashKeyRange: hashKeyRangeOf(range),
    SequenceNumberRange: { StartingSequenceNumber: sequence.format(0), ...ending },
  };
}

/** A range as the API shows it. */
export const hashKeyRangeOf = ({ start, end }: HashRange): Json => ({ StartingHashKey: String(start), EndingHashKey: String(end) });
