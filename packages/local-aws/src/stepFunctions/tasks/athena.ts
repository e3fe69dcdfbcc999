import type { Json } from "../../service";
import { unlessAborted } from "../failure";
import { failureOf, OPTIMIZED_ATHENA } from "./errors";
import { inMilliseconds, untilEnded } from "./job";
import type { Integration, TaskCall } from "./task";

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

async function runQuery(input: Json, task: TaskCall): Promise<Json> {
  const started = await unlessAborted(athena(task, "StartQueryExecution", input), task.signal);
  const { QueryExecutionId } = started;
  const look = async () => {
    const result = await athena(task, "GetQueryExecution", { QueryExecutionId });
    const { State: state } = (result as { QueryExecution: { Status: { State: string } } }).QueryExecution.Status;
    return { state, result };
  };
  const stop = (): Promise<Json> => athena(task, "StopQueryExecution", { QueryExecutionId });
  return untilEnded({ started, look, failed: ["FAILED", "CANCELLED"], stop }, task);
}

async function athena({ cloud, principal }: TaskCall, operation: string, input: Json): Promise<Json> {
  try {
    const { output = {} } = await cloud.call(principal, "athena", operation, input);
    return inMilliseconds(output, DATES);
  } catch (error) {
    throw failureOf(error, OPTIMIZED_ATHENA);
  }
}
