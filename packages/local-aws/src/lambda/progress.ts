import type { StreamRecord } from "./streamRecord";

/** How far a shard's records are done with, whatever the order in which its lanes finish them. */
export class Progress {
  /** Records that were read and are not done with. */
  unfinished = 0;
  /** Their base64 data. */
  unfinishedBytes = 0;
  private read = 0;
  private next = 0;
  private readonly ahead = new Map<number, string>();
  private saved: Promise<void> = Promise.resolve();

  /**
   * @param checkpoint sequence number of the last record such that it and all before it are done
   * @param save writes a checkpoint durably
   */
  constructor(
    public checkpoint: string | undefined,
    private readonly save: (sequenceNumber: string) => Promise<void>,
  ) {}

  /** Takes a record in the order of reading. */
  add(record: Omit<StreamRecord, "ordinal">): StreamRecord {
    this.unfinished += 1;
    this.unfinishedBytes += record.data.length;
    return { ...record, ordinal: this.read++ };
  }

  /** Marks records as done with; resolves when the checkpoint that follows from it is written. */
  async finish(records: readonly StreamRecord[]): Promise<void> {
    const before = this.checkpoint;
    for (const { ordinal, sequenceNumber } of records) this.ahead.set(ordinal, sequenceNumber);
    for (let done = this.ahead.get(this.next); done !== undefined; done = this.ahead.get(this.next)) {
      this.ahead.delete(this.next);
      this.next += 1;
      this.checkpoint = done;
    }
    if (this.checkpoint !== undefined && this.checkpoint !== before) this.saved = this.save(this.checkpoint);
    await this.saved;
    this.unfinished -= records.length;
    this.unfinishedBytes -= records.reduce((sum, { data }) => sum + data.length, 0);
  }
}
