import { Listr } from "listr2";

/** Tells in a few words how far a step is. */
export type Tell = (text: string) => void;

/** Shows the steps of a run and times them. */
export interface Progress {
  /** Seconds by step, and their total. */
  readonly seconds: Record<string, number>;
  /** Counts time that was spent without showing a step. */
  add: (key: string, milliseconds: number) => void;
  /**
   * Runs a step while its title is shown.
   *
   * @param key name in {@link seconds}
   */
  step: <T>(key: string, title: string, run: (tell: Tell) => Promise<T> | T) => Promise<T>;
}

/** How often a step may tell, on a terminal and in a log. */
const TELL_EVERY_MS = { terminal: 100, log: 5000 };

const OPTIONS = {
  shown: { renderer: "default", fallbackRenderer: "simple", registerSignalListeners: false },
  silent: { renderer: "silent", fallbackRenderer: "silent", registerSignalListeners: false },
} as const;

/**
 * @param signal no step begins after it is aborted
 * @param silent shows nothing
 */
export function showProgress(signal: AbortSignal, silent = false): Progress {
  const look = silent ? "silent" : "shown";
  const seconds: Record<string, number> = { total: 0 };
  const every = process.stdout.isTTY ? TELL_EVERY_MS.terminal : TELL_EVERY_MS.log;
  return {
    seconds,
    add: (key, milliseconds) => count(seconds, key, milliseconds),
    step: async <T>(key: string, title: string, run: (tell: Tell) => Promise<T> | T): Promise<T> => {
      signal.throwIfAborted();
      const started = performance.now();
      let told = started;
      let shown: { output?: string } = {};
      const tell: Tell = (text) => {
        if (performance.now() - told < every) return;
        told = performance.now();
        shown.output = text;
      };
      const outcome = (async () => run(tell))();
      const list = new Listr([{ title, task: (_context, task) => showOutcome((shown = task), title, outcome, signal) }], OPTIONS[look]);
      await list.run().catch(() => undefined);
      const result = await outcome;
      count(seconds, key, performance.now() - started);
      return result;
    },
  };
}

/** Counts a step's time in seconds, and in the total. */
function count(seconds: Record<string, number>, key: string, ms: number): void {
  seconds[key] = Math.round(ms) / 1000;
  seconds.total = Math.round(seconds.total * 1000 + ms) / 1000;
}

/** The error itself is told at the end, once. */
async function showOutcome(shown: { title?: string }, title: string, outcome: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  await outcome.catch(() => {
    throw new Error(signal.aborted ? "interrupted" : "see below");
  });
  shown.title = `${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`;
}
