import type { Cloud, Json, Principal } from "../service";
import { ServiceError } from "../service";
import type { SourceRecord } from "./buffer";

/** What one GetRecords found. */
export interface Read {
  records: SourceRecord[];
  /** Nothing was left in the shard when it was read. */
  empty: boolean;
  /** The shard is closed and this was its end. */
  ended: boolean;
}

interface GetRecords {
  Records: { SequenceNumber: string; Data: string; ApproximateArrivalTimestamp: number }[];
  NextShardIterator?: string;
  MillisBehindLatest: number;
}

/** Reads one shard from a place on, once; a shard that ended is not read again. */
export class ShardReader {
  private iterator?: string;

  /**
   * @param after sequence number of the last record that is done with
   * @param since epoch milliseconds of the oldest record to read, where there is no sequence number yet
   */
  constructor(
    private readonly cloud: Cloud,
    private readonly streamArn: string,
    private readonly shardId: string,
    private readonly since: number,
    private after?: string,
  ) {}

  /** Fixes the place at the shard's end. */
  async startAtLatest(as: Principal): Promise<void> {
    this.iterator = await this.position(as, { ShardIteratorType: "LATEST" });
  }

  /**
   * Reads on.
   *
   * @throws ServiceError what Kinesis answers, but for an iterator that expired: the place is found again
   */
  async read(as: Principal): Promise<Read> {
    try {
      this.iterator ??= await this.position(as, this.place());
      return this.take(
        (await this.cloud.call(as, "kinesis", "GetRecords", { ShardIterator: this.iterator })).output as unknown as GetRecords,
      );
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== "ExpiredIteratorException") throw error;
      this.iterator = undefined;
      return { records: [], empty: false, ended: false };
    }
  }

  private take({ Records, NextShardIterator, MillisBehindLatest }: GetRecords): Read {
    this.iterator = NextShardIterator;
    const records = Records.map(({ SequenceNumber, Data, ApproximateArrivalTimestamp }) => ({
      shardId: this.shardId,
      sequenceNumber: SequenceNumber,
      data: Buffer.from(Data, "base64"),
      arrivedAt: Math.round(ApproximateArrivalTimestamp * 1000),
    }));
    this.after = records.at(-1)?.sequenceNumber ?? this.after;
    const ended = NextShardIterator === undefined;
    return { records, empty: !ended && records.length === 0 && MillisBehindLatest === 0, ended };
  }

  private place(): Json {
    if (this.after !== undefined) return { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: this.after };
    return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: this.since / 1000 };
  }

  private async position(as: Principal, place: Json): Promise<string> {
    const input = { StreamARN: this.streamArn, ShardId: this.shardId, ...place };
    return String((await this.cloud.call(as, "kinesis", "GetShardIterator", input)).output?.ShardIterator);
  }
}
