import { ReadThrottle, WriteThrottle } from "./throttle";

/** Most bytes of one GetRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html */
const MAX_READ_BYTES = 10 * 1024 * 1024;

/** The hash keys that a shard takes, both ends included. */
export interface HashRange {
  start: bigint;
  end: bigint;
}

interface StoredRecord {
  partitionKey: string;
  /** Base64. */
  data: string;
  /** Epoch milliseconds. */
  arrivedAt: number;
}

/** What one read found. */
export interface Slice {
  records: (StoredRecord & { sequenceNumber: string })[];
  /** Bytes of the records' data. */
  bytes: number;
  /** Position at which the next read continues. */
  next: number;
  /** Milliseconds from the oldest unread record to now; 0 at the tip. */
  behindMs: number;
}

/** Records of one shard by position: consecutive numbers from 1 on, so that reads find their position without a search. */
export class Shard {
  readonly id: string;
  readonly sequence: Sequence;
  readonly writes = new WriteThrottle();
  readonly reads = new ReadThrottle();
  private readonly records: StoredRecord[] = [];
  /** Position of the oldest record within the retention. */
  private horizon = 1;

  /**
   * @param createdAt creation time of the stream, epoch milliseconds
   * @param retentionMs age at which records expire
   */
  constructor(
    readonly index: number,
    readonly range: HashRange,
    createdAt: number,
    private readonly retentionMs: number,
  ) {
    this.id = `shardId-${String(index).padStart(12, "0")}`;
    this.sequence = new Sequence(createdAt, index);
  }

  /**
   * Adds a record after all others and returns its sequence number.
   *
   * @param data base64
   * @param now epoch milliseconds; arrival times never go back
   */
  append(partitionKey: string, data: string, now: number): string {
    const arrivedAt = Math.max(now, this.records.at(-1)?.arrivedAt ?? now);
    return this.sequence.format(this.records.push({ partitionKey, data, arrivedAt }));
  }

  /** Position of the oldest record, or the tip of an empty shard. */
  oldest(now: number): number {
    const oldestKept = now - this.retentionMs;
    while (this.horizon < this.tip && this.records[this.horizon - 1].arrivedAt < oldestKept) this.horizon += 1;
    return this.horizon;
  }

  /** Position just after the newest record. */
  get tip(): number {
    return this.records.length + 1;
  }

  /** Position of the first record that arrived at `time` or later, else the tip. */
  since(time: number, now: number): number {
    let low = this.oldest(now);
    let high = this.tip;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.records[middle - 1].arrivedAt < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Reads in order: at least one record of any size, and more only within 10 MiB.
   *
   * @param from position; an expired one means the oldest
   * @param limit most records
   */
  read(from: number, limit: number, now: number): Slice {
    const first = Math.max(from, this.oldest(now));
    const records: Slice["records"] = [];
    let bytes = 0;
    let next = first;
    for (const end = Math.min(this.tip, first + limit); next < end; next++) {
      const record = this.records[next - 1];
      const size = bytesOf(record.data);
      if (records.length > 0 && bytes + size > MAX_READ_BYTES) break;
      bytes += size;
      records.push({ ...record, sequenceNumber: this.sequence.format(next) });
    }
    const behindMs = next < this.tip ? Math.max(1, now - this.records[next - 1].arrivedAt) : 0;
    return { records, bytes, next, behindMs };
  }
}

const PREFIX_DIGITS = 21;
const COUNTER_DIGITS = 35;
const SEQUENCE_NUMBER = new RegExp(`^\\d{${PREFIX_DIGITS + COUNTER_DIGITS}}$`);

/** Sequence numbers of one shard: 56 digits, which begin with stream and shard and end with the record's position. */
export class Sequence {
  private readonly prefix: string;

  /**
   * @param createdAt creation time of the stream, epoch milliseconds
   * @param shardIndex position of the shard in its stream
   */
  constructor(createdAt: number, shardIndex: number) {
    this.prefix = `49${String(createdAt).padStart(13, "0")}${String(shardIndex).padStart(6, "0")}`;
  }

  /** @param position 0 for the shard's start, 1 for its first record */
  format(position: number): string {
    return this.prefix + String(position).padStart(COUNTER_DIGITS, "0");
  }

  /** Position of a sequence number, or undefined when it belongs to another shard. */
  parse(sequenceNumber: string): number | undefined {
    if (!SEQUENCE_NUMBER.test(sequenceNumber) || !sequenceNumber.startsWith(this.prefix)) return undefined;
    return Number(sequenceNumber.slice(PREFIX_DIGITS));
  }
}

/** Number of bytes that padded base64 encodes. */
export function bytesOf(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
