import { randomBytes } from "node:crypto";
import type { Python } from "./python";
import type { Cloud } from "../service";
import { ServiceError } from "../service";
import { hasEnded, type JobRun, type RunState } from "./jobRun";
import type { JobSettings } from "./jobSettings";
import { runJob } from "./runJob";

/** How runs go. */
export interface RunOptions {
  /** Milliseconds of the cloud's time that a run is STARTING at least. */
  startMs: number;
  /** Real milliseconds of a minute of a job's timeout. */
  minuteMs: number;
  /** Tells which Python runs the scripts. */
  python: () => Promise<Python>;
}

const INTERRUPTED = "The run was interrupted by the end of the local cloud";

/** Runs of jobs by id, in memory and in the log "jobRuns". */
export class JobRuns {
  private readonly byId = new Map<string, JobRun>();
  private readonly working = new Map<string, { stop: AbortController; done: Promise<void> }>();
  private readonly store;
  private closing = false;

  constructor(
    private readonly cloud: Cloud,
    private readonly options: RunOptions,
  ) {
    this.store = cloud.store("glue");
  }

  /** Brings back the runs; one that did not come to its end FAILED. */
  async restore(): Promise<void> {
    for await (const entry of this.store.replay("jobRuns")) this.byId.set(String(entry.id), entry as unknown as JobRun);
    for (const run of this.byId.values()) if (!hasEnded(run)) await this.end(run, "FAILED", INTERRUPTED);
  }

  /** @throws ServiceError EntityNotFoundException */
  find(jobName: string, id: string): JobRun {
    const found = this.byId.get(id);
    if (found?.jobName !== jobName) throw new ServiceError("EntityNotFoundException", `Job Run ${id} of the job ${jobName} is not found`);
    return found;
  }

  /** A job's runs, the newest first. */
  of(jobName: string): JobRun[] {
    return [...this.byId.values()].filter((run) => run.jobName === jobName).reverse();
  }

  /**
   * Starts a run.
   *
   * @returns its id
   * @throws ServiceError ConcurrentRunsExceededException
   */
  async start(job: JobSettings, given: Record<string, string>): Promise<string> {
    const active = this.of(job.name).filter((run) => !hasEnded(run)).length;
    if (active >= job.maxConcurrentRuns) {
      throw new ServiceError("ConcurrentRunsExceededException", `Concurrent runs exceeded for ${job.name}`);
    }
    const now = this.cloud.clock.now();
    const id = `jr_${randomBytes(32).toString("hex")}`;
    const run: JobRun = { id, jobName: job.name, arguments: given, state: "STARTING", startedAt: now, changedAt: now };
    this.byId.set(id, run);
    await this.store.append("jobRuns", { ...run });
    const stop = new AbortController();
    const done = this.work(job, run, stop.signal).finally(() => this.working.delete(id));
    this.working.set(id, { stop, done });
    return id;
  }

  /**
   * Begins to stop a run.
   *
   * @returns false: it has come to its end
   */
  async stop(run: JobRun): Promise<boolean> {
    const work = this.working.get(run.id);
    if (hasEnded(run) || !work) return false;
    const stopping = this.change(run, { state: "STOPPING" });
    work.stop.abort();
    await stopping;
    return true;
  }

  /** Ends every run. */
  async close(): Promise<void> {
    this.closing = true;
    const all = [...this.working.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  private async work(job: JobSettings, run: JobRun, stopped: AbortSignal): Promise<void> {
    const { startMs, minuteMs, python } = this.options;
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.cloud.clock.sleep(startMs, stopped);
      stopped.throwIfAborted();
      await this.change(run, { state: "RUNNING", runningAt: this.cloud.clock.now() });
      timer = setTimeout(() => late.abort(), job.timeoutMinutes * minuteMs);
      const error = await runJob(this.cloud, job, run, python, AbortSignal.any([stopped, late.signal]));
      stopped.throwIfAborted();
      late.signal.throwIfAborted();
      await this.end(run, error === undefined ? "SUCCEEDED" : "FAILED", error);
    } catch (error) {
      if (this.closing) await this.end(run, "FAILED", INTERRUPTED);
      else if (stopped.aborted) await this.end(run, "STOPPED");
      else if (late.signal.aborted) await this.end(run, "TIMEOUT");
      else await this.end(run, "FAILED", error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  private end(run: JobRun, state: RunState, errorMessage?: string): Promise<void> {
    return this.change(run, { state, completedAt: this.cloud.clock.now(), ...(errorMessage === undefined ? {} : { errorMessage }) });
  }

  /** Entries are in the log in the order of the changes, whoever makes them. */
  private async change(run: JobRun, change: Partial<JobRun>): Promise<void> {
    Object.assign(run, change, { changedAt: this.cloud.clock.now() });
    await this.store.append("jobRuns", { ...run });
  }
}
