import { Listr } from "listr2";

/** Tells in a few words how far a step is. */
export type Tell = (text: string) => void;

/** Shows the steps of a run and times them. */
export interface Progress {
  /** Seconds by step, and their total. */
  readonly seconds: Record<string, number>;
  /**
   * Runs a step while its title is shown.
   *
   * @param key name in {@link seconds}
   */
  step: <T>(key: string, title: string, run: (tell: Tell) => Promise<T> | T) => Promise<T>;
}

/** How often a step may tell, on a terminal and in a log. */
const TELL_EVERY_MS = { terminal: 100, log: 5000 };

/**
 * @param signal no step begins after it is aborted
 * @param silent shows nothing
 */
export function showProgress(signal: AbortSignal, silent = false): Progress {
  const seconds: Record<string, number> = { total: 0 };
  const every = process.stdout.isTTY ? TELL_EVERY_MS.terminal : TELL_EVERY_MS.log;
  return {
    seconds,
    step: async (key, title, run) => {
      signal.throwIfAborted();
      const started = performance.now();
      const results: Awaited<ReturnType<typeof run>>[] = [];
      let told = started;
      const list = new Listr(
        {
          title,
          task: async (_context, task) => {
            const tell: Tell = (text) => {
              if (performance.now() - told < every) return;
              told = performance.now();
              task.output = text;
            };
            results.push(await run(tell));
            task.title = `${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`;
          },
        },
        { renderer: silent ? "silent" : "default", fallbackRenderer: silent ? "silent" : "simple", registerSignalListeners: false },
      );
      await list.run();
      signal.throwIfAborted();
      const took = Math.round(performance.now() - started) / 1000;
      seconds[key] = took;
      seconds.total = Math.round((seconds.total + took) * 1000) / 1000;
      return results[0];
    },
  };
}
