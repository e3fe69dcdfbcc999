import type { Json } from "../service";
import type { JobSettings } from "./jobSettings";

/** Where a run is in its life: https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html */
export type RunState = "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "SUCCEEDED" | "FAILED" | "TIMEOUT";

/** A run of a job with what came of it; times are epoch milliseconds. */
export interface JobRun {
  id: string;
  jobName: string;
  /** What it was asked with, beside the job's defaults. */
  arguments: Record<string, string>;
  state: RunState;
  startedAt: number;
  /** When its script began. */
  runningAt?: number;
  changedAt: number;
  completedAt?: number;
  errorMessage?: string;
}

/** Whether a run has come to its end. */
export const hasEnded = ({ completedAt }: JobRun): boolean => completedAt !== undefined;

/** Arguments of a run: the job's, overridden by its own. */
export const argumentsOf = (job: JobSettings, run: JobRun): Record<string, string> => ({ ...job.defaultArguments, ...run.arguments });

/** What the log groups of a run begin with; `/output` and `/error` follow. */
export const logPrefixOf = (job: JobSettings, run: JobRun): string => argumentsOf(job, run)["--custom-logGroup-prefix"] ?? "/aws-glue/jobs";

/**
 * A run as GetJobRun shows it.
 *
 * @param now epoch milliseconds
 * @see https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html
 */
export function describeRun(run: JobRun, job: JobSettings, now: number): Json {
  const { runningAt, completedAt } = run;
  return {
    Id: run.id,
    Attempt: 0,
    JobName: run.jobName,
    StartedOn: run.startedAt / 1000,
    LastModifiedOn: run.changedAt / 1000,
    ...(completedAt === undefined ? {} : { CompletedOn: completedAt / 1000 }),
    JobRunState: run.state,
    ...(Object.keys(run.arguments).length === 0 ? {} : { Arguments: run.arguments }),
    ...(run.errorMessage === undefined ? {} : { ErrorMessage: run.errorMessage }),
    PredecessorRuns: [],
    AllocatedCapacity: job.workers,
    ExecutionTime: runningAt === undefined ? 0 : Math.round(((completedAt ?? now) - runningAt) / 1000),
    Timeout: job.timeoutMinutes,
    MaxCapacity: job.workers,
    WorkerType: "G.1X",
    NumberOfWorkers: job.workers,
    LogGroupName: logPrefixOf(job, run),
    GlueVersion: "5.0",
    ExecutionClass: "STANDARD",
  };
}
