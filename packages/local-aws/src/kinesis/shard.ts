import type { HashRange } from "./hashRanges";
import { Sequence } from "./sequence";
import { ReadThrottle, WriteThrottle } from "./throttle";

/** Most that one GetRecords returns: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html */
const MAX_READ_BYTES = 10 * 1024 * 1024;
const COMPACT_AFTER = 10_000;

/** A record as it is given out. */
export interface StoredRecord {
  sequenceNumber: string;
  partitionKey: string;
  /** Base64. */
  data: string;
  /** Epoch milliseconds. */
  arrivedAt: number;
}

/** What one read found. */
export interface Slice {
  records: StoredRecord[];
  /** Bytes of the records' data. */
  bytes: number;
  /** Where the next read goes on. */
  next: number;
  /** Milliseconds from the oldest unread record to now; 0 at the tip. */
  behindMs: number;
  /** Whether the shard is closed and nothing follows. */
  ended: boolean;
}

/**
 * Records of one shard by position: consecutive numbers from 1 on, so that reads find their place without a search.
 * A record counts as written when it is published; until then no reader sees it.
 */
export class Shard {
  readonly id: string;
  readonly sequence: Sequence;
  readonly writes = new WriteThrottle();
  readonly reads = new ReadThrottle();
  /** The shards that took over its hash keys. */
  children: readonly Shard[] = [];
  private keys: string[] = [];
  private data: string[] = [];
  private arrivals: number[] = [];
  /** Position of the arrays' first element. */
  private base = 1;
  /** Position of the oldest record that retention has left. */
  private horizon = 1;
  /** First position that readers do not see. */
  private tip = 1;
  private newest = -Infinity;
  private closing?: number;

  /**
   * @param createdAt when the stream was made, epoch milliseconds
   * @param retentionMs age at which records leave
   * @param parents shards that closed when this one opened; none for the stream's first shards
   */
  constructor(
    readonly index: number,
    readonly range: HashRange,
    private readonly createdAt: number,
    private readonly retentionMs: number,
    readonly parents: readonly Shard[] = [],
  ) {
    this.id = `shardId-${String(index).padStart(12, "0")}`;
    this.sequence = new Sequence(createdAt, index);
  }

  /** Whether it takes records. */
  get open(): boolean {
    return this.closing === undefined;
  }

  /** Epoch milliseconds; a parent's last record is never later. */
  get openedAt(): number {
    return Math.max(this.createdAt, ...this.parents.map(({ closedAt = 0 }) => closedAt));
  }

  /** Epoch milliseconds, or undefined while it is open. */
  get closedAt(): number | undefined {
    return this.closing === undefined ? undefined : Math.max(this.closing, this.newest);
  }

  /** Position behind the last record that it was given. */
  get end(): number {
    return this.base + this.keys.length;
  }

  /** Takes no more records; what it has stays readable. */
  close(at: number, children: readonly Shard[]): void {
    this.closing = at;
    this.children = children;
  }

  /**
   * Adds a record behind all others and returns its position.
   *
   * @param data base64
   * @param now epoch milliseconds; arrival times never go back
   */
  append(partitionKey: string, data: string, now: number): number {
    this.newest = Math.max(now, this.newest);
    this.keys.push(partitionKey);
    this.data.push(data);
    this.arrivals.push(this.newest);
    return this.end - 1;
  }

  /** Shows readers every record up to a position. */
  publish(position: number): void {
    this.tip = Math.max(this.tip, position + 1);
  }

  /** Position of the oldest record, or the tip of an empty shard. */
  oldest(now: number): number {
    this.trim(now);
    return this.horizon;
  }

  /** Position just behind the newest record. */
  latest(): number {
    return this.tip;
  }

  /** Position of the first record that arrived at `time` or later, else the tip. */
  since(time: number, now: number): number {
    let low = this.oldest(now);
    let high = this.tip;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.arrivals[middle - this.base] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Reads in order. At least one record comes, whatever its size; more only within 10 MiB.
   *
   * @param from position; older ones than retention has left mean the oldest
   * @param limit most records
   */
  read(from: number, limit: number, now: number): Slice {
    const first = Math.max(from, this.oldest(now));
    const records: StoredRecord[] = [];
    let bytes = 0;
    let next = first;
    for (const end = Math.min(this.tip, first + limit); next < end; next++) {
      const at = next - this.base;
      const size = bytesOf(this.data[at]);
      if (records.length > 0 && bytes + size > MAX_READ_BYTES) break;
      bytes += size;
      records.push({
        sequenceNumber: this.sequence.format(next),
        partitionKey: this.keys[at],
        data: this.data[at],
        arrivedAt: this.arrivals[at],
      });
    }
    const behindMs = next < this.tip ? Math.max(1, now - this.arrivals[next - this.base]) : 0;
    return { records, bytes, next, behindMs, ended: !this.open && next === this.end };
  }

  private trim(now: number): void {
    const oldestKept = now - this.retentionMs;
    while (this.horizon < this.tip && this.arrivals[this.horizon - this.base] < oldestKept) this.horizon += 1;
    const gone = this.horizon - this.base;
    if (gone < COMPACT_AFTER || gone < this.keys.length / 2) return;
    this.keys = this.keys.slice(gone);
    this.data = this.data.slice(gone);
    this.arrivals = this.arrivals.slice(gone);
    this.base = this.horizon;
  }
}

/** How many bytes padded base64 stands for. */
export function bytesOf(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
