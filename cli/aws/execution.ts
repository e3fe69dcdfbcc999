import { setTimeout } from "node:timers/promises";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  StartExecutionCommand,
  type HistoryEvent,
  type SFNClient,
} from "@aws-sdk/client-sfn";

/** Input of the pipeline. The state machine decides what is left out. */
export interface PipelineInput {
  /** `YYYY-MM-DD` */
  runDate?: string;
  /** Executions with the same key are the same run. */
  runKey?: string;
  /** Builds the table's partition again even if this run has built it. */
  rebuild?: boolean;
  /** Replaces the CSV whatever share of its rows that loses. */
  acceptShrink?: boolean;
  /** Goes on whatever share of the rows is bad. */
  acceptBadRows?: boolean;
}

/** @returns the execution's ARN */
export async function startExecution(sfn: SFNClient, stateMachineArn: string, input: PipelineInput, signal: AbortSignal): Promise<string> {
  const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
  const { executionArn } = await sfn.send(command, { abortSignal: signal });
  if (executionArn === undefined) throw new Error(`StartExecution of ${stateMachineArn} returned no ARN`);
  return executionArn;
}

/** An execution that has ended or stalled. */
export interface WatchedExecution {
  /** RUNNING when it stalled. */
  status: string;
  /** JSON text. */
  output?: string;
  error?: string;
  cause?: string;
  /** Seconds by state. */
  seconds: Record<string, number>;
}

/** Which execution to watch, and how. */
export interface WatchOptions {
  sfn: SFNClient;
  executionArn: string;
  /** Ends the watch. The execution goes on. */
  signal: AbortSignal;
  /** Milliseconds between two polls. */
  pollMs: number;
  /** Milliseconds without a new history event after which an execution counts as stalled. @default never */
  stallMs?: number;
  onState?: OnState;
}

/**
 * Polls an execution until it has ended or stalled.
 *
 * @throws AbortError when the signal is aborted
 */
export async function watchExecution(options: WatchOptions): Promise<WatchedExecution> {
  const { sfn, executionArn, signal, pollMs, stallMs = Infinity, onState } = options;
  const timeline = new Timeline(onState);
  let movedAt = performance.now();
  for (;;) {
    const events = await eventsAfter(timeline.lastId, options);
    timeline.add(events);
    if (timeline.hasEnded) {
      const described = await sfn.send(new DescribeExecutionCommand({ executionArn }), { abortSignal: signal });
      const { status = "RUNNING", output, error, cause } = described;
      if (status !== "RUNNING") return { status, output, error, cause, seconds: timeline.seconds };
    }
    if (events.length > 0) movedAt = performance.now();
    if (performance.now() - movedAt > stallMs) {
      const stalled = `nothing has happened in state ${timeline.state ?? "(none)"} for ${stallMs / 1000} seconds`;
      return { status: "RUNNING", error: "Stalled", cause: stalled, seconds: timeline.seconds };
    }
    await setTimeout(pollMs, undefined, { signal });
  }
}

/** Events after a known one, oldest first. Reads from the newest backwards, so that a long history is not read again at every poll. */
async function eventsAfter(known: number, { sfn, executionArn, signal }: WatchOptions): Promise<HistoryEvent[]> {
  const newestFirst = { reverseOrder: true, includeExecutionData: false };
  const found: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(new GetExecutionHistoryCommand({ ...newestFirst, executionArn, nextToken }), { abortSignal: signal });
    const fresh = (page.events ?? []).filter(({ id = 0 }) => id > known);
    found.push(...fresh);
    nextToken = fresh.length < (page.events?.length ?? 0) ? undefined : page.nextToken;
  } while (nextToken !== undefined);
  return found.reverse();
}

/** Formats error and cause as one line. */
export function describeFailure({ error, cause }: Pick<WatchedExecution, "error" | "cause">): string {
  return [error ?? "no error", cause].filter(Boolean).join(": ").replace(/\s+/g, " ");
}

/** Types of the last event in a history. */
const LAST_EVENTS = ["ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"];

/** Called as an execution passes its states. */
export interface OnState {
  entered?: (state: string) => void;
  /** @param seconds duration of this visit */
  left?: (state: string, seconds: number) => void;
}

/**
 * The states that an execution has passed, from its history.
 * It follows one state at a time: it knows neither Parallel nor Map states.
 */
export class Timeline {
  private open: { state: string; since: number } | undefined;
  private readonly milliseconds = new Map<string, number>();
  private last = 0;
  private ended = false;

  constructor(private readonly onState: OnState = {}) {}

  /** Id of the last event added; 0 before the first. */
  get lastId(): number {
    return this.last;
  }

  /** Whether the last event has been added. */
  get hasEnded(): boolean {
    return this.ended;
  }

  /** The current state; undefined between states. */
  get state(): string | undefined {
    return this.open?.state;
  }

  /** Seconds by state, all visits added up, in the order of the first visits. */
  get seconds(): Record<string, number> {
    return Object.fromEntries([...this.milliseconds].map(([state, ms]) => [state, ms / 1000]));
  }

  /** @param events the next ones, oldest first */
  add(events: readonly HistoryEvent[]): void {
    for (const { id = 0, type = "", timestamp, stateEnteredEventDetails, stateExitedEventDetails } of events) {
      const at = timestamp?.getTime() ?? 0;
      if (stateEnteredEventDetails?.name !== undefined) this.enter(stateEnteredEventDetails.name, at);
      else if (stateExitedEventDetails !== undefined) this.leave(at);
      else if (LAST_EVENTS.includes(type)) this.end(at);
      this.last = id;
    }
  }

  /** A Fail state has no exit event. */
  private end(at: number): void {
    this.leave(at);
    this.ended = true;
  }

  private enter(state: string, at: number): void {
    this.leave(at);
    this.open = { state, since: at };
    this.onState.entered?.(state);
  }

  private leave(at: number): void {
    if (this.open === undefined) return;
    const { state, since } = this.open;
    const took = Math.max(0, at - since);
    this.open = undefined;
    this.milliseconds.set(state, (this.milliseconds.get(state) ?? 0) + took);
    this.onState.left?.(state, took / 1000);
  }
}
