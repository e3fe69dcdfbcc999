import type { Json } from "../../service";
import { unlessAborted } from "../failure";
import { failureOf, OPTIMIZED_GLUE } from "./errors";
import { inMilliseconds, untilEnded } from "./job";
import type { Integration, TaskCall } from "./task";

const DATES = ["StartedOn", "LastModifiedOn", "CompletedOn"];
const FAILED = ["FAILED", "TIMEOUT", "STOPPED"];

/** Optimized Glue calls: https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html */
export const glueTasks: Integration[] = [
  { resourceType: "glue", resource: "startJobRun", run: (input, task) => unlessAborted(glue(task, "StartJobRun", input), task.signal) },
  { resourceType: "glue", resource: "startJobRun.sync", run: runJob },
];

async function runJob(input: Json, task: TaskCall): Promise<Json> {
  const started = await unlessAborted(glue(task, "StartJobRun", input), task.signal);
  const { JobName } = input;
  const { JobRunId } = started;
  const look = async () => {
    const { JobRun } = (await glue(task, "GetJobRun", { JobName, RunId: JobRunId })) as { JobRun: Json & { JobRunState: string } };
    return { state: JobRun.JobRunState, result: JobRun };
  };
  const stop = (): Promise<Json> => glue(task, "BatchStopJobRun", { JobName, JobRunIds: [JobRunId] });
  return untilEnded({ started, look, failed: FAILED, stop }, task);
}

async function glue({ cloud, principal }: TaskCall, operation: string, input: Json): Promise<Json> {
  try {
    const { output = {} } = await cloud.call(principal, "glue", operation, input);
    return inMilliseconds(output, DATES);
  } catch (error) {
    throw failureOf(error, OPTIMIZED_GLUE);
  }
}
