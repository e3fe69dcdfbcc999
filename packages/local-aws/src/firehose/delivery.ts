import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ServiceError, type Clock, type Cloud, type Principal } from "../service";
import { compilePattern } from "./prefix";
import type { DeliverySettings } from "./settings";

const compress = promisify(gzip);
const nameTime = compilePattern("yyyy-MM-dd-HH-mm-ss");
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** Records of one object, in the order in which they were read. */
export class Batch {
  readonly chunks: Buffer[] = [];
  /** Arrival of the oldest record, epoch milliseconds. */
  oldest = Infinity;
  bytes = 0;
  records = 0;

  add(data: Buffer, arrivedAt: number, delimiter: Buffer): void {
    this.chunks.push(data, delimiter);
    this.bytes += data.length + delimiter.length;
    this.records += 1;
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

/** Collects records until they reach a size, or the first one has waited for an interval. */
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

  /** Records in the buffer. */
  get records(): number {
    return this.open?.batch.records ?? 0;
  }

  /** @param arrivedAt epoch milliseconds */
  add(data: Buffer, arrivedAt: number): void {
    const { batch } = (this.open ??= this.begin());
    batch.add(data, arrivedAt, this.delimiter);
    if (batch.bytes >= this.limits.sizeBytes) this.flush();
  }

  /** Drops the records in the buffer; the stream still has them. */
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

/** Writes errors to the delivery stream's log stream, where it has one. */
export class ErrorLog {
  constructor(
    private readonly cloud: Cloud,
    private readonly settings: DeliverySettings,
    private readonly arn: string,
    private readonly role: () => Principal,
  ) {}

  /** @param source the service that failed: its name precedes the error's code */
  async write(source: "S3" | "Kinesis", error: unknown): Promise<void> {
    const { log, bucket } = this.settings;
    if (!log) return;
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    const details = {
      deliveryStreamARN: this.arn,
      destination: `arn:aws:s3:::${bucket}`,
      deliveryStreamVersionId: 1,
      message,
      errorCode: `${source}.${name}`,
    };
    const logEvents = [{ timestamp: this.cloud.clock.now(), message: JSON.stringify(details) }];
    try {
      await this.cloud.call(this.role(), "logs", "PutLogEvents", { ...log, logEvents });
    } catch (refusal) {
      // Delivery does not depend on the log, as on AWS.
      if (!(refusal instanceof ServiceError)) throw refusal;
    }
  }
}

/**
 * Writes batches to S3, one after the other.
 * A batch that S3 refuses is retried until the cloud stops; AWS retries for 24 hours.
 */
export class Delivery {
  private tail: Promise<void> = Promise.resolve();
  private waiting = { batches: 0, records: 0 };

  constructor(
    private readonly cloud: Cloud,
    private readonly settings: DeliverySettings,
    private readonly role: () => Principal,
    private readonly errors: ErrorLog,
    private readonly signal: AbortSignal,
  ) {}

  /** Batches and records that are not in S3 yet. */
  get undelivered(): { batches: number; records: number } {
    return this.waiting;
  }

  add(batch: Batch): void {
    this.count(1, batch.records);
    this.tail = this.tail.then(() => this.deliver(batch));
  }

  /** Resolves when every batch is delivered, or given up because the cloud stops. */
  idle(): Promise<void> {
    return this.tail;
  }

  private async deliver(batch: Batch): Promise<void> {
    const { bucket: Bucket, gzip } = this.settings;
    const Key = objectKey(this.settings, batch.oldest);
    const bytes = gzip ? await compress(Buffer.concat(batch.chunks)) : Buffer.concat(batch.chunks);
    const headers = { "content-length": String(bytes.length), "content-type": "application/octet-stream" };
    for (let pause = FIRST_PAUSE_MS; !this.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.cloud.call(this.role(), "s3", "PUT /{Bucket}/{Key+}", { Bucket, Key, headers }, Readable.from([bytes]));
        return this.count(-1, -batch.records);
      } catch (error) {
        await this.errors.write("S3", error);
      }
      await this.cloud.clock.sleep(pause, this.signal).catch(() => undefined);
    }
  }

  private count(batches: number, records: number): void {
    this.waiting = { batches: this.waiting.batches + batches, records: this.waiting.records + records };
  }
}

/**
 * Names an object after the arrival of its oldest record.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
 */
function objectKey({ name, prefix, gzip }: DeliverySettings, oldest: number): string {
  const time = nameTime(new Date(oldest).toISOString());
  return `${prefix(oldest)}${name}-1-${time}-${randomUUID()}${gzip ? ".gz" : ""}`;
}
