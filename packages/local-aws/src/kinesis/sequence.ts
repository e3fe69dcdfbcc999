const PREFIX_DIGITS = 21;
const COUNTER_DIGITS = 35;
const SEQUENCE_NUMBER = new RegExp(`^\\d{${PREFIX_DIGITS + COUNTER_DIGITS}}$`);

/** Sequence numbers of one shard: 56 digits, which begin with stream and shard and end with the record's position. */
export class Sequence {
  private readonly prefix: string;

  /**
   * @param createdAt when the stream was made, epoch milliseconds
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
