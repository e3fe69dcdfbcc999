import { setTimeout } from "node:timers/promises";
import type { Clock } from "./service";

/**
 * The machine's clock, with waits shortened.
 *
 * @param scale how many milliseconds of the cloud's time pass in one of real time, above 0; default 1
 */
export function realClock(scale = 1): Clock {
  return {
    now: () => Date.now(),
    sleep: (ms, signal) => setTimeout(ms / scale, undefined, { signal }),
  };
}
