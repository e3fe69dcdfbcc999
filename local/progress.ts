import { Listr } from "listr2";

/** Tells how far a step is, in a few words. */
export type Tell = (text: string) => void;

/** Shows the steps of a run and times them. */
export interface Progress {
  /** Seconds by step, and their total. */
  readonly seconds: Record<string, number>;
  /**
   * Times a step without showing it.
   *
   * @param key name in {@link seconds}
   */
  time: <T>(key: string, run: () => Promise<T>) => Promise<T>;
  /**
   * Shows and times a step.
   *
   * @param key name in {@link seconds}
   * @throws what `run` throws; the signal's reason when it is aborted before the step ends
   */
  step: <T>(key: string, title: string, run: (tell: Tell) => Promise<T> | T) => Promise<T>;
}

/** Shortest time between two texts of a step, on a terminal and in a log. */
const TELL_EVERY_MS = { terminal: 100, log: 5000 };

const OPTIONS = {
  shown: { renderer: "default", fallbackRenderer: "simple", registerSignalListeners: false },
  silent: { renderer: "silent", fallbackRenderer: "silent", registerSignalListeners: false },
} as const;

/** @param silent hides the steps. @default false */
export function showProgress(signal: AbortSignal, silent = false): Progress {
  const seconds: Record<string, number> = { total: 0 };
  const time: Progress["time"] = async (key, run) => {
    const started = performance.now();
    const result = await run();
    const ms = performance.now() - started;
    seconds[key] = Math.round(ms) / 1000;
    seconds.total = Math.round(seconds.total * 1000 + ms) / 1000;
    return result;
  };
  const every = process.stdout.isTTY ? TELL_EVERY_MS.terminal : TELL_EVERY_MS.log;
  const step: Progress["step"] = (key, title, run) =>
    time(key, async () => {
      signal.throwIfAborted();
      let toldAt = performance.now();
      let task: { output?: string } = {};
      const tell: Tell = (text) => {
        if (performance.now() - toldAt < every) return;
        toldAt = performance.now();
        task.output = text;
      };
      const outcome = (async () => run(tell))();
      const list = new Listr(
        [{ title, task: (_context, shown) => showOutcome((task = shown), title, outcome, signal) }],
        OPTIONS[silent ? "silent" : "shown"],
      );
      await list.run().catch(() => undefined);
      const result = await outcome;
      signal.throwIfAborted();
      return result;
    });
  return { seconds, time, step };
}

/** Marks the step as failed, without the error: that is printed once, at the end. */
async function showOutcome(task: { title?: string }, title: string, outcome: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  await outcome.catch(() => {
    throw new Error(signal.aborted ? "interrupted" : "see below");
  });
  task.title = `${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`;
}
