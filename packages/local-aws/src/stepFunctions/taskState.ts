import type { Json } from "../service";
import type { Catcher, State } from "./definition";
import { StateFailure, withinLimit } from "./failure";
import { catcherOf, Retries } from "./retry";
import type { Step, Visit } from "./run";
import { seconds } from "./states";
import { integrationOf } from "./tasks";
import type { Integration } from "./tasks/task";

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Runs a task and retries it as its retriers say; continues with the result, or with the first catcher that matches the error. */
export async function perform(state: State, visit: Visit): Promise<Step> {
  const { cloud, signal } = visit.run;
  const retries = new Retries(state.Retry);
  for (;;) {
    try {
      const result = await attempt(state, visit);
      return { ...(await visit.leave(state, result, { result })), next: state.Next };
    } catch (error) {
      if (!(error instanceof StateFailure) || signal.aborted) throw error;
      const delay = retries.delay(error.error);
      const catcher = catcherOf(state.Catch, error.error);
      if (delay === undefined && !catcher) throw error;
      if (delay === undefined) return caught(catcher as Catcher, error, visit);
      await cloud.clock.sleep(delay, signal);
      visit.retried();
    }
  }
}

async function caught(catcher: Catcher, { output: errorOutput }: StateFailure, visit: Visit): Promise<Step> {
  return { ...(await visit.leave(catcher, errorOutput, { errorOutput }, "Catch/")), next: catcher.Next };
}

async function attempt(state: State, visit: Visit): Promise<unknown> {
  const { cloud, history } = visit.run;
  const task = integrationOf(state.Resource ?? "");
  const { resourceType, resource } = task;
  const input = state.Arguments === undefined ? visit.input : await visit.evaluate(state.Arguments, "Arguments");
  if (!isObject(input)) throw new StateFailure("States.Runtime", `The arguments of the state ${visit.name} must be a JSON object`);
  const timeout = state.TimeoutSeconds === undefined ? undefined : await seconds(state.TimeoutSeconds, "TimeoutSeconds", visit);
  const note = (type: string, details: Json): void => history.add(type, cloud.clock.now(), { resourceType, resource, ...details });
  const limit = timeout === undefined ? {} : { timeoutInSeconds: timeout };
  note("TaskScheduled", { region: cloud.region, parameters: JSON.stringify(input), ...limit });
  note("TaskStarted", {});
  try {
    const submitted = (output: unknown): void => note("TaskSubmitted", text(output));
    const result = withinLimit(await timed(task, input, timeout, { visit, submitted }), "The task's result");
    note("TaskSucceeded", text(result));
    return result;
  } catch (error) {
    if (!(error instanceof StateFailure)) throw error;
    const details = { error: error.error, ...(error.reason === undefined ? {} : { cause: error.reason }) };
    note(error.error === "States.Timeout" ? "TaskTimedOut" : "TaskFailed", details);
    throw error;
  }
}

/** Timeouts are in real time, because the work takes real time. */
async function timed(
  task: Integration,
  input: Json,
  timeout: number | undefined,
  { visit, submitted }: { visit: Visit; submitted: (output: unknown) => void },
): Promise<unknown> {
  const { cloud, principal, signal } = visit.run;
  const controller = new AbortController();
  const end = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  const expire = (): void => controller.abort(new StateFailure("States.Timeout"));
  const timer = timeout === undefined || timeout * 1000 > MAX_TIMER_MS ? undefined : setTimeout(expire, timeout * 1000);
  try {
    signal.throwIfAborted();
    return await task.run(input, { cloud, principal, signal: controller.signal, submitted });
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

const text = (output: unknown): Json => ({ output: JSON.stringify(output), outputDetails: { truncated: false } });

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
