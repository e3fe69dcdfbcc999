import { setTimeout } from "node:timers/promises";

/**
 * Repeats a check until it no longer throws.
 *
 * @param timeoutMs after which the check's last error is thrown; it ends a check that never passes, however slow the machine is
 * @param everyMs how long to wait between two checks
 */
export async function eventually<T>(check: () => T | Promise<T>, { timeoutMs = 240_000, everyMs = 5 } = {}): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await setTimeout(everyMs);
    }
  }
}
