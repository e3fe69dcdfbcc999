import type { Json } from "../../service";
import { StateFailure, unlessAborted } from "../failure";
import { failureOf, OPTIMIZED_ATHENA } from "./errors";
import type { Integration, TaskCall } from "./task";

/** Waits between two looks at a query, in milliseconds of the cloud's time: the first, by how much it grows, the longest. */
const POLL = { first: 1000, growth: 1.5, longest: 60_000 };
const DATES = ["SubmissionDateTime", "CompletionDateTime"];

/** Optimized Athena calls: https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html */
export const athenaTasks: Integration[] = [
  ...["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"].map((resource) => ({
    resourceType: "athena",
    resource,
    run: (input: Json, task: TaskCall) => unlessAborted(athena(task, resource[0].toUpperCase() + resource.slice(1), input), task.signal),
  })),
  { resourceType: "athena", resource: "startQueryExecution.sync", run: runQuery },
];

/** Starts a query and waits for its end; a query whose task ends before it does is stopped. */
async function runQuery(input: Json, task: TaskCall): Promise<Json> {
  const started = await athena(task, "StartQueryExecution", input);
  const { QueryExecutionId } = started;
  try {
    task.signal.throwIfAborted();
    await task.submitted(started);
    for (let wait = POLL.first; ; wait = Math.min(wait * POLL.growth, POLL.longest)) {
      const result = await unlessAborted(athena(task, "GetQueryExecution", { QueryExecutionId }), task.signal);
      const { State } = (result as { QueryExecution: { Status: { State: string } } }).QueryExecution.Status;
      if (State === "SUCCEEDED") return result;
      if (State === "FAILED" || State === "CANCELLED") throw new StateFailure("States.TaskFailed", JSON.stringify(result));
      await task.cloud.clock.sleep(wait, task.signal);
    }
  } catch (error) {
    if (!task.signal.aborted) throw error;
    await athena(task, "StopQueryExecution", { QueryExecutionId }).catch(() => undefined);
    throw task.signal.reason;
  }
}

async function athena({ cloud, principal }: TaskCall, operation: string, input: Json): Promise<Json> {
  try {
    const { output = {} } = await cloud.call(principal, "athena", operation, input);
    return inMilliseconds(output);
  } catch (error) {
    throw failureOf(error, OPTIMIZED_ATHENA);
  }
}

/** Optimized integrations show dates as epoch milliseconds, the service tells seconds. */
function inMilliseconds(output: Json): Json {
  const text = JSON.stringify(output, (key, value: unknown) =>
    DATES.includes(key) && typeof value === "number" ? Math.round(value * 1000) : value,
  );
  return JSON.parse(text) as Json;
}
