import type { Clock } from "../service";

/** A record on its way. */
export interface SourceRecord {
  shardId: string;
  sequenceNumber: string;
  data: Buffer;
  /** Epoch milliseconds. */
  arrivedAt: number;
}

/** Records that go into one object, in the order in which they were read. */
export class Batch {
  readonly chunks: Buffer[] = [];
  /** Last sequence number by shard. */
  readonly last = new Map<string, string>();
  oldest = Infinity;
  bytes = 0;
  records = 0;

  add({ shardId, sequenceNumber, data, arrivedAt }: SourceRecord, delimiter: Buffer): void {
    this.chunks.push(data, delimiter);
    this.bytes += data.length + delimiter.length;
    this.records += 1;
    this.last.set(shardId, sequenceNumber);
    this.oldest = Math.min(this.oldest, arrivedAt);
  }
}

/** When a batch is full. */
export interface BufferLimits {
  /** Bytes before compression, delimiters included. */
  sizeBytes: number;
  /** Seconds of the cloud's time since the first record. */
  intervalSeconds: number;
  delimiter: string;
}

/** Collects records until there are enough of them or the first has waited long enough. */
export class RecordBuffer {
  private open?: { batch: Batch; timer: AbortController };
  private readonly delimiter: Buffer;

  /** @param full takes each batch, in order */
  constructor(
    private readonly clock: Clock,
    private readonly limits: BufferLimits,
    private readonly full: (batch: Batch) => void,
  ) {
    this.delimiter = Buffer.from(limits.delimiter);
  }

  /** Records that wait here. */
  get records(): number {
    return this.open?.batch.records ?? 0;
  }

  add(record: SourceRecord): void {
    const { batch } = (this.open ??= this.begin());
    batch.add(record, this.delimiter);
    if (batch.bytes >= this.limits.sizeBytes) this.flush();
  }

  /** Lets go of what waits here; the source still has it. */
  discard(): void {
    this.open?.timer.abort();
    this.open = undefined;
  }

  private begin(): { batch: Batch; timer: AbortController } {
    const timer = new AbortController();
    this.clock.sleep(this.limits.intervalSeconds * 1000, timer.signal).then(
      () => this.flush(),
      () => undefined,
    );
    return { batch: new Batch(), timer };
  }

  private flush(): void {
    if (!this.open) return;
    const { batch } = this.open;
    this.discard();
    this.full(batch);
  }
}
