import { realClock } from "../src/clock";
import type { Clock } from "../src/service";

/** The machine's clock with shorter waits, which can jump ahead. */
export class JumpingClock implements Clock {
  private ahead = 0;
  private readonly faster: Clock;

  /** @param scale factor by which waits are shorter */
  constructor(scale: number) {
    this.faster = realClock(scale);
  }

  now(): number {
    return Date.now() + this.ahead;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.faster.sleep(ms, signal);
  }

  /** Moves the clock ahead by a number of milliseconds. */
  jump(ms: number): void {
    this.ahead += ms;
  }
}
