import { setTimeout } from "node:timers/promises";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  StartExecutionCommand,
  type HistoryEvent,
  type SFNClient,
} from "@aws-sdk/client-sfn";
import { Timeline, type OnState } from "./timeline";

/** What the state machine is given; what is left out, it decides. */
export interface PipelineInput {
  /** `YYYY-MM-DD` */
  runDate?: string;
  /** Equal keys are the same run. */
  runKey?: string;
  /** Makes the table's partition again although this run key has made it. */
  rebuild?: boolean;
}

/** How an execution stands, when it is no longer watched. */
export interface Watched {
  /** RUNNING when it stands still. */
  status: string;
  /** JSON text. */
  output?: string;
  error?: string;
  cause?: string;
  /** By state. */
  seconds: Record<string, number>;
}

/** What is watched, and how. */
export interface WatchOptions {
  sfn: SFNClient;
  executionArn: string;
  /** Ends the watch; the execution goes on. */
  signal: AbortSignal;
  /** Milliseconds between two looks. */
  pollMs: number;
  /** Milliseconds without anything new in its history after which an execution stands still. @default never */
  stallMs?: number;
  onState?: OnState;
}

/** @returns the execution's ARN */
export async function startExecution(sfn: SFNClient, stateMachineArn: string, input: PipelineInput, signal: AbortSignal): Promise<string> {
  const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
  const { executionArn } = await sfn.send(command, { abortSignal: signal });
  if (executionArn === undefined) throw new Error(`${stateMachineArn} started an execution without an ARN`);
  return executionArn;
}

/**
 * Watches an execution until it has ended, or stands still.
 *
 * @throws an error when the signal is aborted
 */
export async function watchExecution(options: WatchOptions): Promise<Watched> {
  const { sfn, executionArn, signal, pollMs, stallMs = Infinity, onState } = options;
  const timeline = new Timeline(onState);
  let movedAt = performance.now();
  for (;;) {
    const {
      status = "RUNNING",
      output,
      error,
      cause,
      stopDate,
    } = await sfn.send(new DescribeExecutionCommand({ executionArn }), {
      abortSignal: signal,
    });
    const events = await eventsAfter(timeline.lastId, options);
    timeline.add(events);
    if (status !== "RUNNING") {
      if (stopDate !== undefined) timeline.end(stopDate);
      return { status, output, error, cause, seconds: timeline.seconds };
    }
    if (events.length > 0) movedAt = performance.now();
    if (performance.now() - movedAt > stallMs) {
      const standing = `nothing has happened in state ${timeline.state ?? "(none)"} for ${stallMs / 1000} seconds`;
      return { status, error: "Stalled", cause: standing, seconds: timeline.seconds };
    }
    await setTimeout(pollMs, undefined, { signal });
  }
}

/** The events after one that is known, oldest first: read from the newest on, so that a long history is not read again and again. */
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
