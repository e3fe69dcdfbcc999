import { randomBytes } from "node:crypto";
import { ServiceError, type Cloud, type Json } from "../service";
import type { Job } from "./jobs";
import type { Python } from "./python";
import { runJob } from "./runJob";

/** https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html */
type RunState = "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "SUCCEEDED" | "FAILED" | "TIMEOUT";

/** A run of a job; times are epoch milliseconds. */
export interface JobRun {
  id: string;
  job: Job;
  /** Its own arguments, which override the job's. */
  arguments: Record<string, string>;
  state: RunState;
  startedAt: number;
  /** When its script began. */
  runningAt?: number;
  changedAt: number;
  completedAt?: number;
  errorMessage?: string;
}

/** How runs behave. */
export interface RunOptions {
  /** Milliseconds of the cloud's time that a run is STARTING at least. */
  startMs: number;
  /** Real milliseconds of a minute of a job's timeout. */
  minuteMs: number;
  /** Resolves to the Python that runs the scripts. */
  python: () => Promise<Python>;
}

/** Runs of jobs by id. */
export class JobRuns {
  private readonly byId = new Map<string, JobRun>();
  private readonly working = new Map<string, { stop: AbortController; done: Promise<void> }>();

  constructor(
    private readonly cloud: Cloud,
    private readonly options: RunOptions,
  ) {}

  /** @throws ServiceError EntityNotFoundException */
  find(jobName: string, id: string): JobRun {
    const found = this.byId.get(id);
    if (found?.job.name !== jobName) throw new ServiceError("EntityNotFoundException", `Job Run ${id} of the job ${jobName} is not found`);
    return found;
  }

  /**
   * Starts a run.
   *
   * @returns its id
   * @throws ServiceError ConcurrentRunsExceededException
   */
  start(job: Job, given: Record<string, string>): string {
    const active = [...this.byId.values()].filter((run) => run.job === job && !hasEnded(run)).length;
    if (active >= job.maxConcurrentRuns) {
      throw new ServiceError("ConcurrentRunsExceededException", `Concurrent runs exceeded for ${job.name}`);
    }
    const now = this.cloud.clock.now();
    const id = `jr_${randomBytes(32).toString("hex")}`;
    const run: JobRun = { id, job, arguments: given, state: "STARTING", startedAt: now, changedAt: now };
    this.byId.set(id, run);
    const stop = new AbortController();
    const done = this.work(run, stop.signal).finally(() => this.working.delete(id));
    this.working.set(id, { stop, done });
    return id;
  }

  /**
   * Begins to stop a run.
   *
   * @returns false when the run has ended
   */
  stop(run: JobRun): boolean {
    const work = this.working.get(run.id);
    if (hasEnded(run) || !work) return false;
    this.change(run, { state: "STOPPING" });
    work.stop.abort();
    return true;
  }

  /** Ends every run. */
  async close(): Promise<void> {
    const all = [...this.working.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  private async work(run: JobRun, stopped: AbortSignal): Promise<void> {
    const { startMs, minuteMs, python } = this.options;
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.cloud.clock.sleep(startMs, stopped);
      stopped.throwIfAborted();
      this.change(run, { state: "RUNNING", runningAt: this.cloud.clock.now() });
      timer = setTimeout(() => late.abort(), run.job.timeoutMinutes * minuteMs);
      const error = await runJob(this.cloud, run, python, AbortSignal.any([stopped, late.signal]));
      stopped.throwIfAborted();
      late.signal.throwIfAborted();
      this.end(run, error === undefined ? "SUCCEEDED" : "FAILED", error);
    } catch (error) {
      if (stopped.aborted) this.end(run, "STOPPED");
      else if (late.signal.aborted) this.end(run, "TIMEOUT");
      else this.end(run, "FAILED", error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  private end(run: JobRun, state: RunState, errorMessage?: string): void {
    this.change(run, { state, completedAt: this.cloud.clock.now(), errorMessage });
  }

  private change(run: JobRun, change: Partial<JobRun>): void {
    Object.assign(run, change, { changedAt: this.cloud.clock.now() });
  }
}

const hasEnded = ({ completedAt }: JobRun): boolean => completedAt !== undefined;

/** Arguments of a run: the job's, overridden by its own. */
export const argumentsOf = (run: JobRun): Record<string, string> => ({ ...run.job.defaultArguments, ...run.arguments });

/** The prefix of a run's log groups; `/output` and `/error` follow. */
export const logPrefixOf = (run: JobRun): string => argumentsOf(run)["--custom-logGroup-prefix"] ?? "/aws-glue/jobs";

/**
 * A run as GetJobRun shows it.
 *
 * @param now epoch milliseconds
 * @see https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html
 */
export function describeRun(run: JobRun, now: number): Json {
  const { job, runningAt, completedAt, errorMessage } = run;
  return {
    Id: run.id,
    Attempt: 0,
    JobName: job.name,
    StartedOn: run.startedAt / 1000,
    LastModifiedOn: run.changedAt / 1000,
    ...(completedAt === undefined ? {} : { CompletedOn: completedAt / 1000 }),
    JobRunState: run.state,
    ...(Object.keys(run.arguments).length === 0 ? {} : { Arguments: run.arguments }),
    ...(errorMessage === undefined ? {} : { ErrorMessage: errorMessage }),
    PredecessorRuns: [],
    AllocatedCapacity: job.workers,
    ExecutionTime: runningAt === undefined ? 0 : Math.round(((completedAt ?? now) - runningAt) / 1000),
    Timeout: job.timeoutMinutes,
    MaxCapacity: job.workers,
    WorkerType: "G.1X",
    NumberOfWorkers: job.workers,
    LogGroupName: logPrefixOf(run),
    GlueVersion: "5.0",
    ExecutionClass: "STANDARD",
  };
}
