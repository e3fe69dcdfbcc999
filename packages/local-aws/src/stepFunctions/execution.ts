import { ServiceError, type Cloud, type Json, type Principal } from "../service";
import { Ending, StateFailure } from "./failure";
import { data, FINAL_STATUS, History, REDRIVEN, redrivesOf, type HistoryEvent } from "./history";
import { run } from "./run";
import type { Machine } from "./machine";

const MAX_TIMER_MS = 2 ** 31 - 1;

/** What an execution is started with. */
export interface Start {
  arn: string;
  name: string;
  machine: Machine;
  /** JSON text. */
  input: string;
  /** Epoch milliseconds. */
  startedAt: number;
}

/** One run of a state machine: its history is its state. */
export class Execution {
  readonly history: History;
  private controller = new AbortController();
  private ended: Promise<void> = Promise.resolve();

  /** @param maxEvents number of events after which the execution fails */
  constructor(
    private readonly cloud: Cloud,
    readonly start: Start,
    maxEvents: number,
  ) {
    this.history = new History(maxEvents);
  }

  get status(): string {
    return FINAL_STATUS[this.last?.type ?? ""] ?? "RUNNING";
  }

  /** The event that ended the execution; undefined while it runs. */
  get final(): HistoryEvent | undefined {
    return this.status === "RUNNING" ? undefined : this.last;
  }

  private get last(): HistoryEvent | undefined {
    return this.history.events.at(-1);
  }

  /** Starts the execution in the background. */
  begin(principal: Principal): void {
    const { input, machine } = this.start;
    this.history.add("ExecutionStarted", this.start.startedAt, { input, inputDetails: { truncated: false }, roleArn: machine.roleArn });
    this.goOn(principal);
  }

  /**
   * Redrives the execution from the state in which it ended.
   *
   * @returns epoch milliseconds
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
   * @throws ServiceError ExecutionNotRedrivable
   */
  redrive(principal: Principal): number {
    if (!this.isRedrivable) throw new ServiceError("ExecutionNotRedrivable", `Execution is ${this.status} and cannot be redriven`);
    const at = this.cloud.clock.now();
    this.controller = new AbortController();
    this.history.add(REDRIVEN, at, { redriveCount: redrivesOf(this.history.events).length + 1 });
    this.goOn(principal);
    return at;
  }

  /** Whether the execution ended without success. */
  get isRedrivable(): boolean {
    return ["FAILED", "TIMED_OUT", "ABORTED"].includes(this.status);
  }

  /** Stops or times out the execution, unless it has ended. */
  async stop(details: { error?: string; cause?: string }): Promise<void> {
    this.controller.abort(new Ending("ExecutionAborted", details));
    await this.ended;
  }

  private goOn(principal: Principal): void {
    this.ended = Promise.resolve().then(() => this.work(principal));
    this.ended.catch(() => undefined);
  }

  private async work(principal: Principal): Promise<void> {
    const { definition } = this.start.machine;
    const { signal } = this.controller;
    const timer = this.limit(definition.TimeoutSeconds);
    try {
      const output = await run({ cloud: this.cloud, principal, start: this.start, history: this.history, signal });
      this.end("ExecutionSucceeded", data("output", output));
    } catch (error) {
      const ending: unknown = signal.aborted ? signal.reason : error;
      if (ending instanceof Ending) this.end(ending.type, ending.details);
      else this.end("ExecutionFailed", failureDetails(ending));
    } finally {
      clearTimeout(timer);
    }
  }

  /** The machine's timeout is in real time, because its tasks take real time. */
  private limit(seconds: number | undefined): NodeJS.Timeout | undefined {
    if (seconds === undefined || seconds * 1000 > MAX_TIMER_MS) return undefined;
    const ending = new Ending("ExecutionTimedOut", { error: "States.Timeout" });
    return setTimeout(() => this.controller.abort(ending), seconds * 1000);
  }

  private end(type: string, details: Json): void {
    this.history.add(type, this.cloud.clock.now(), details);
  }
}

function failureDetails(error: unknown): Json {
  if (!(error instanceof StateFailure)) return { error: "States.Runtime", cause: error instanceof Error ? error.message : String(error) };
  const named = error.error === "" ? {} : { error: error.error };
  return { ...named, ...(error.reason === undefined ? {} : { cause: error.reason }) };
}
