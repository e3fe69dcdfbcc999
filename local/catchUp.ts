import { setTimeout } from "node:timers/promises";

const POLL_MS = 50;
/** Polls in a row without anything pending: a worker may just be between two states. */
const QUIET_POLLS = 3;

/** What is waited for. */
export interface CatchUpOptions {
  /** Records that some worker has not finished with. */
  pending: () => number;
  /** Milliseconds without a new low after which nothing more is expected. */
  stallMs: number;
  signal: AbortSignal;
  onProgress?: (pending: number) => void;
}

/**
 * Waits until forwarder and delivery have finished with all records.
 *
 * @returns what is still pending when nothing moves any more, else 0
 * @throws the signal's reason when it is aborted
 */
export async function catchUp({ pending, stallMs, signal, onProgress }: CatchUpOptions): Promise<number> {
  let lowest = Infinity;
  let loweredAt = performance.now();
  for (let quiet = 0; quiet < QUIET_POLLS;) {
    const left = pending();
    onProgress?.(left);
    quiet = left === 0 ? quiet + 1 : 0;
    if (left < lowest) {
      lowest = left;
      loweredAt = performance.now();
    } else if (left > 0 && performance.now() - loweredAt > stallMs) {
      return left;
    }
    await setTimeout(POLL_MS, undefined, { signal });
  }
  return 0;
}
