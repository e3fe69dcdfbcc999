import { once } from "node:events";
import type { StreamRecord } from "../kinesis/shardReader";
import type { Clock } from "../service";
import { eventBytes, MAX_EVENT_BYTES } from "./events";
import type { MappingSettings } from "./mappingSettings";

/** Bytes of an event besides its records. */
const FRAME_BYTES = 16;

/** Collects records into batches: a batch is complete when it is full, has the event's size limit, or its window is over. */
export class Batcher {
  private queue: StreamRecord[] = [];
  private bytes = 0;
  private readonly changes = new EventTarget();

  constructor(
    private readonly clock: Clock,
    private readonly settings: Pick<MappingSettings, "batchSize" | "windowSeconds">,
  ) {}

  push(records: readonly StreamRecord[]): void {
    for (const record of records) {
      this.queue.push(record);
      this.bytes += eventBytes(record);
    }
    if (records.length > 0) this.changes.dispatchEvent(new Event("change"));
  }

  /**
   * Waits for the next batch.
   *
   * @throws the signal's reason when it aborts
   */
  async next(signal: AbortSignal): Promise<StreamRecord[]> {
    while (this.queue.length === 0) await this.change(signal);
    if (this.settings.windowSeconds > 0 && !this.full()) await this.window(signal);
    return this.take();
  }

  private async window(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    let open = true;
    const end = this.clock.sleep(this.settings.windowSeconds * 1000, over.signal).then(
      () => (open = false),
      () => (open = false),
    );
    while (open && !this.full()) await Promise.race([end, this.change(over.signal).catch(() => undefined)]);
    over.abort();
    signal.removeEventListener("abort", stop);
    signal.throwIfAborted();
  }

  private full(): boolean {
    return this.queue.length >= this.settings.batchSize || this.bytes + FRAME_BYTES >= MAX_EVENT_BYTES;
  }

  private take(): StreamRecord[] {
    let bytes = FRAME_BYTES;
    const tooMuch = this.queue.findIndex((record, i) => i >= this.settings.batchSize || (bytes += eventBytes(record)) > MAX_EVENT_BYTES);
    const batch = this.queue.splice(0, tooMuch < 0 ? this.queue.length : Math.max(1, tooMuch));
    this.bytes -= batch.reduce((sum, record) => sum + eventBytes(record), 0);
    return batch;
  }

  private async change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await once(this.changes, "change", { signal });
  }
}
