/** Runs works side by side, a few at a time, for one caller that waits for each start. */
export interface TaskPool {
  /**
   * Waits for a free hand and starts the work.
   *
   * @throws the first failure of an earlier work
   */
  start(work: () => Promise<void>): Promise<void>;
  /**
   * Waits until every work has ended, well or badly.
   *
   * @throws the first failure
   */
  finish(): Promise<void>;
}

/**
 * Makes a pool. After a failure it starts nothing more.
 *
 * @param hands works at a time, at least 1
 * @param onFailure told of the first failure at once, so that it can stop the others
 */
export function makeTaskPool(hands: number, onFailure: (error: unknown) => void = () => {}): TaskPool {
  let busy = 0;
  let failed: { error: unknown } | undefined;
  let wake = () => {};
  const untilFewer = async (than: number): Promise<void> => {
    while (busy >= than) await new Promise<void>((resolve) => (wake = resolve));
  };
  const check = () => {
    if (failed) throw failed.error as Error;
  };
  const run = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!failed) onFailure(error);
      failed ??= { error };
    }
    busy -= 1;
    wake();
  };
  return {
    start: async (work) => {
      await untilFewer(hands);
      check();
      busy += 1;
      void run(work);
    },
    finish: async () => {
      await untilFewer(1);
      check();
    },
  };
}
