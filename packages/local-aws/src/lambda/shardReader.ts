import { setTimeout } from "node:timers/promises";
import { ServiceError, type Cloud, type Json, type Principal } from "../service";
import type { StreamRecord } from "./streamRecord";

/** What one read found. */
export interface Read {
  records: Omit<StreamRecord, "ordinal">[];
  /** Whether the read reached the shard's newest record. */
  atTip: boolean;
  /** Whether the shard is closed and this was its end. */
  ended: boolean;
}

export interface ReaderOptions {
  cloud: Cloud;
  /** The execution role. */
  principal: Principal;
  streamArn: string;
  shardId: string;
  /** Epoch seconds of the oldest record to read, where there is no checkpoint. @default the oldest there is */
  since?: number;
  /** Sequence number after which to go on. */
  checkpoint?: string;
  /** Real milliseconds from one read's start to the next one's. */
  pollMs: number;
}

const MAX_RECORDS = 10_000;

/** Reads a shard in order, at a pace that leaves reads for the shard's other consumers: they share five a second. */
export class ShardReader {
  private iterator?: string;
  private after?: string;
  private nextReadAt = 0;

  constructor(private readonly options: ReaderOptions) {
    this.after = options.checkpoint;
  }

  /** Waits for the next read's time. */
  async pace(signal: AbortSignal): Promise<void> {
    const wait = this.nextReadAt - performance.now();
    if (wait > 0) await setTimeout(wait, undefined, { signal });
    this.nextReadAt = performance.now() + this.options.pollMs;
  }

  /**
   * Reads once.
   *
   * @param limit most records
   * @returns undefined when the shard is being read too often, or the iterator had to be renewed
   * @throws ServiceError for what only a change of settings or permissions can mend
   */
  async read(limit: number): Promise<Read | undefined> {
    try {
      this.iterator ??= await this.open();
      const output = await this.call("GetRecords", {
        StreamARN: this.options.streamArn,
        ShardIterator: this.iterator,
        Limit: Math.min(limit, MAX_RECORDS),
      });
      const { Records, NextShardIterator, MillisBehindLatest } = output as unknown as GetRecordsOutput;
      this.iterator = NextShardIterator ?? undefined;
      this.after = Records.at(-1)?.SequenceNumber ?? this.after;
      const ended = this.iterator === undefined;
      return { records: Records.map(recordOf), atTip: ended || MillisBehindLatest === 0, ended };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.code === "ExpiredIteratorException") this.iterator = undefined;
      else if (!THROTTLED.includes(error.code)) throw error;
      return undefined;
    }
  }

  private async open(): Promise<string> {
    const { streamArn, shardId, since } = this.options;
    const position =
      this.after !== undefined
        ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: this.after }
        : since !== undefined
          ? { ShardIteratorType: "AT_TIMESTAMP", Timestamp: since }
          : { ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = await this.call("GetShardIterator", { StreamARN: streamArn, ShardId: shardId, ...position });
    return String(ShardIterator);
  }

  private async call(operation: string, input: Json): Promise<Json> {
    const { cloud, principal } = this.options;
    return (await cloud.call(principal, "kinesis", operation, input)).output ?? {};
  }
}

const THROTTLED = ["ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException"];

interface GetRecordsOutput {
  Records: { SequenceNumber: string; PartitionKey: string; Data: string; ApproximateArrivalTimestamp: number }[];
  NextShardIterator?: string | null;
  MillisBehindLatest: number;
}

const recordOf = (record: GetRecordsOutput["Records"][number]): Read["records"][number] => ({
  sequenceNumber: record.SequenceNumber,
  partitionKey: record.PartitionKey,
  data: record.Data,
  arrivedAt: Math.round(record.ApproximateArrivalTimestamp * 1000),
});
