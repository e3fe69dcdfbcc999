import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Cloud, Principal, Store } from "../service";
import type { Batch } from "./buffer";
import { compilePattern } from "./prefix";
import type { Problems } from "./problems";
import type { DeliverySettings } from "./settings";

const compress = promisify(gzip);
const nameTime = compilePattern("yyyy-MM-dd-HH-mm-ss");
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Writes batches to S3, one after the other, so that a checkpoint never passes a batch that is not there.
 * A batch that S3 does not take is tried again for as long as the cloud runs: on AWS it would be for 24 hours.
 */
export class Delivery {
  private tail: Promise<void> = Promise.resolve();
  private waiting = { batches: 0, records: 0 };

  /** @param store where the log "checkpoints" is: {deliveryStream, shardId, sequenceNumber} */
  constructor(
    private readonly cloud: Cloud,
    private readonly settings: DeliverySettings,
    private readonly role: () => Principal,
    private readonly problems: Problems,
    private readonly store: Store,
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

  /** Resolves when the batch under way is there, or given up because the cloud stops. */
  idle(): Promise<void> {
    return this.tail;
  }

  private async deliver(batch: Batch): Promise<void> {
    const { bucket: Bucket, gzip, name } = this.settings;
    const Key = objectKey(this.settings, batch.oldest);
    const bytes = gzip ? await compress(Buffer.concat(batch.chunks)) : Buffer.concat(batch.chunks);
    const headers = { "content-length": String(bytes.length), "content-type": "application/octet-stream" };
    for (let pause = FIRST_PAUSE_MS; !this.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.cloud.call(this.role(), "s3", "PUT /{Bucket}/{Key+}", { Bucket, Key, headers }, Readable.from([bytes]));
        const checkpoints = [...batch.last].map(([shardId, sequenceNumber]) => ({ deliveryStream: name, shardId, sequenceNumber }));
        await Promise.all(checkpoints.map((checkpoint) => this.store.append("checkpoints", checkpoint)));
        return this.count(-1, -batch.records);
      } catch (error) {
        await this.problems.tell("S3", error);
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
