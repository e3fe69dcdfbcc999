import type { Clock } from "../src/service";

interface Sleeper {
  due: number;
  wake(): void;
}

/** A clock that moves only when a test advances it. */
export class ManualClock implements Clock {
  private readonly sleepers = new Set<Sleeper>();

  /** @param time initial time in epoch milliseconds */
  constructor(private time = Date.UTC(2026, 0, 31, 12)) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.sleepers.delete(sleeper);
        reject(signal.reason as Error);
      };
      const sleeper = { due: this.time + ms, wake: () => (signal.removeEventListener("abort", abort), resolve()) };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.sleepers.add(sleeper);
    });
  }

  /** Number of pending sleeps. */
  get sleeping(): number {
    return this.sleepers.size;
  }

  /** Advances the time, and ends the sleeps that are due, in order. */
  advance(ms: number): void {
    this.time += ms;
    const due = [...this.sleepers].filter((sleeper) => sleeper.due <= this.time).sort((a, b) => a.due - b.due);
    for (const sleeper of due) {
      this.sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
