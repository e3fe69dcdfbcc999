const MIB = 1024 * 1024;

/** Limits of one shard: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
export const SHARD_LIMITS = {
  writeBytesPerSecond: MIB,
  writeRecordsPerSecond: 1000,
  readBytesPerSecond: 2 * MIB,
  readCallsPerSecond: 5,
} as const;

/** A token bucket that holds one second's worth. It counts thousandths of tokens, so that refills by the millisecond stay exact. */
export class TokenBucket {
  private readonly capacity: number;
  private level: number;
  private filledAt = -Infinity;

  /** @param perSecond tokens that come back in a second, and the most that it holds */
  constructor(private readonly perSecond: number) {
    this.capacity = perSecond * 1000;
    this.level = this.capacity;
  }

  /**
   * Whether `amount` may be taken. More than the bucket can ever hold is allowed when it is full.
   *
   * @param now epoch milliseconds; a clock that steps back adds nothing
   */
  allows(amount: number, now: number): boolean {
    if (now > this.filledAt) {
      this.level = Math.min(this.capacity, this.level + (now - this.filledAt) * this.perSecond);
      this.filledAt = now;
    }
    return this.level >= Math.min(amount * 1000, this.capacity);
  }

  /** Takes what {@link allows} was asked about, or goes into debt. Returns the milliseconds until the bucket is full when it is empty now, else 0. */
  take(amount: number): number {
    this.level -= amount * 1000;
    return this.level > 0 ? 0 : Math.ceil((this.capacity - this.level) / this.perSecond);
  }
}

/** What a shard takes in: bytes and records a second. */
export class WriteThrottle {
  private readonly bytes = new TokenBucket(SHARD_LIMITS.writeBytesPerSecond);
  private readonly records = new TokenBucket(SHARD_LIMITS.writeRecordsPerSecond);

  /** Counts a record by its bytes, or refuses it and counts nothing. */
  admit(bytes: number, now: number): boolean {
    if (!this.bytes.allows(bytes, now) || !this.records.allows(1, now)) return false;
    this.bytes.take(bytes);
    this.records.take(1);
    return true;
  }
}

/**
 * What a shard gives out: calls and bytes a second. One call may return more than a second's bytes;
 * the calls that follow are then refused for as long as those bytes take.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
 */
export class ReadThrottle {
  private readonly bytes = new TokenBucket(SHARD_LIMITS.readBytesPerSecond);
  private readonly calls = new TokenBucket(SHARD_LIMITS.readCallsPerSecond);
  private refusedUntil = -Infinity;

  /** Counts a call, or refuses it and counts nothing. */
  admit(now: number): boolean {
    if (now < this.refusedUntil || !this.calls.allows(1, now)) return false;
    this.calls.take(1);
    return true;
  }

  /** Counts what an admitted call returned. */
  spend(bytes: number, now: number): void {
    this.bytes.allows(0, now);
    const wait = this.bytes.take(bytes);
    if (wait > 0) this.refusedUntil = now + wait;
  }
}
