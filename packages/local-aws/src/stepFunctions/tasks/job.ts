import type { Json } from "../../service";
import { StateFailure, unlessAborted } from "../failure";
import type { TaskCall } from "./task";

/** Poll interval in milliseconds of the cloud's time: first, growth factor, maximum. */
const POLL = { first: 1000, growth: 1.5, longest: 60_000 };

/** A job that a `.sync` task started. */
export interface Job {
  /** Response of the call that started the job. */
  started: Json;
  /** Describes the job: its state, and the task's result or the failure's cause. */
  look: () => Promise<{ state: string; result: Json }>;
  /** Final states other than success. */
  failed: string[];
  stop: () => Promise<unknown>;
}

/** Waits until a job has ended. Stops the job when the task ends first. */
export async function untilEnded({ started, look, failed, stop }: Job, task: TaskCall): Promise<Json> {
  try {
    task.signal.throwIfAborted();
    task.submitted(started);
    for (let wait = POLL.first; ; wait = Math.min(wait * POLL.growth, POLL.longest)) {
      const { state, result } = await unlessAborted(look(), task.signal);
      if (state === "SUCCEEDED") return result;
      if (failed.includes(state)) throw new StateFailure("States.TaskFailed", JSON.stringify(result));
      await task.cloud.clock.sleep(wait, task.signal);
    }
  } catch (error) {
    if (!task.signal.aborted) throw error;
    await stop().catch(() => undefined);
    throw task.signal.reason;
  }
}

/** Optimized integrations show dates as epoch milliseconds, the services return seconds. */
export function inMilliseconds(output: Json, dates: string[]): Json {
  const text = JSON.stringify(output, (key, value: unknown) =>
    dates.includes(key) && typeof value === "number" ? Math.round(value * 1000) : value,
  );
  return JSON.parse(text) as Json;
}
