import { performance } from "node:perf_hooks";
import { ServiceError, type Cloud, type Json, type Principal } from "../service";

const MAX_RECORDS = 10_000;
const THROTTLED = ["ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException"];

/** A record as a reader receives it. */
export interface StreamRecord {
  sequenceNumber: string;
  partitionKey: string;
  /** Base64. */
  data: string;
  /** Epoch milliseconds. */
  arrivedAt: number;
}

/** What a reader reads, and as whom. */
export interface ShardReaderOptions {
  cloud: Cloud;
  as: () => Principal;
  streamArn: string;
  shardId: string;
  /** Arrival time of the oldest record to read, epoch milliseconds. @default the oldest that the shard has */
  since?: number;
}

interface GetRecordsOutput {
  Records: { SequenceNumber: string; PartitionKey: string; Data: string; ApproximateArrivalTimestamp: number }[];
  NextShardIterator: string;
  MillisBehindLatest: number;
}

/**
 * The ids of a stream's shards, for a service that reads the stream: it describes the stream and lists its shards.
 *
 * @throws ServiceError what Kinesis answers
 */
export async function listShardIds(cloud: Cloud, as: Principal, StreamARN: string): Promise<string[]> {
  await cloud.call(as, "kinesis", "DescribeStream", { StreamARN });
  const { output } = await cloud.call(as, "kinesis", "ListShards", { StreamARN });
  return (output?.Shards as { ShardId: string }[]).map(({ ShardId }) => ShardId);
}

/** Reads one shard in order, for a service that delivers its records. */
export class ShardReader {
  private iterator?: string;
  private lastRead?: string;
  private tipReadAt = -Infinity;

  constructor(private readonly options: ShardReaderOptions) {}

  /**
   * Gets an iterator for the next record to read.
   *
   * @throws ServiceError what Kinesis answers
   */
  async open(): Promise<void> {
    const { shardId, since } = this.options;
    const position =
      this.lastRead !== undefined
        ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: this.lastRead }
        : since !== undefined
          ? { ShardIteratorType: "AT_TIMESTAMP", Timestamp: since / 1000 }
          : { ShardIteratorType: "TRIM_HORIZON" };
    this.iterator = (await this.call("GetShardIterator", { ShardId: shardId, ...position })).ShardIterator as string;
  }

  /**
   * Reads once. A throttled read, or one whose iterator has expired, finds nothing.
   *
   * @param take receives the records in order
   * @param limit most records
   * @throws ServiceError that only a change of settings or permissions can fix
   */
  async read(take: (records: StreamRecord[]) => void, limit = MAX_RECORDS): Promise<void> {
    const startedAt = performance.now();
    try {
      if (this.iterator === undefined) await this.open();
      const input = { ShardIterator: this.iterator, Limit: Math.min(limit, MAX_RECORDS) };
      const { Records, NextShardIterator, MillisBehindLatest } = (await this.call("GetRecords", input)) as unknown as GetRecordsOutput;
      this.iterator = NextShardIterator;
      this.lastRead = Records.at(-1)?.SequenceNumber ?? this.lastRead;
      take(Records.map(toRecord));
      if (MillisBehindLatest === 0) this.tipReadAt = startedAt;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.code === "ExpiredIteratorException") this.iterator = undefined;
      else if (!THROTTLED.includes(error.code)) throw error;
    }
  }

  /** Whether no read that began after `since` (`performance.now()`) has reached the shard's newest record. */
  unread(since: number): boolean {
    return this.tipReadAt <= since;
  }

  private async call(operation: string, input: Json): Promise<Json> {
    const { cloud, as, streamArn } = this.options;
    return (await cloud.call(as(), "kinesis", operation, { StreamARN: streamArn, ...input })).output ?? {};
  }
}

const toRecord = ({
  SequenceNumber,
  PartitionKey,
  Data,
  ApproximateArrivalTimestamp,
}: GetRecordsOutput["Records"][number]): StreamRecord => ({
  sequenceNumber: SequenceNumber,
  partitionKey: PartitionKey,
  data: Data,
  arrivedAt: Math.round(ApproximateArrivalTimestamp * 1000),
});
