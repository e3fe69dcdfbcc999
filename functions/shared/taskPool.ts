/** Runs tasks concurrently, up to a limit, for one caller that awaits each start. */
export interface TaskPool {
  /**
   * Waits until fewer tasks than the limit are running, then starts the task.
   *
   * @throws the first failure of an earlier task
   */
  start(task: () => Promise<void>): Promise<void>;
  /**
   * Waits until all tasks have settled.
   *
   * @throws the first failure
   */
  finish(): Promise<void>;
}

/**
 * Makes a pool. After a failure it starts no further task.
 *
 * @param concurrency most tasks that run at the same time, at least 1
 * @param onFailure called with the first failure at once, so that it can stop the other tasks
 */
export function makeTaskPool(concurrency: number, onFailure: (error: unknown) => void = () => {}): TaskPool {
  let running = 0;
  let failed: { error: unknown } | undefined;
  let wake = () => {};
  const untilFewer = async (than: number): Promise<void> => {
    while (running >= than) await new Promise<void>((resolve) => (wake = resolve));
  };
  const check = () => {
    if (failed) throw failed.error as Error;
  };
  const run = async (task: () => Promise<void>): Promise<void> => {
    try {
      await task();
    } catch (error) {
      if (!failed) onFailure(error);
      failed ??= { error };
    }
    running -= 1;
    wake();
  };
  return {
    start: async (task) => {
      await untilFewer(concurrency);
      check();
      running += 1;
      void run(task);
    },
    finish: async () => {
      await untilFewer(1);
      check();
    },
  };
}
