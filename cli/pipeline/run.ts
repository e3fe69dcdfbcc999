import { createHash } from "node:crypto";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { problem, type PipelineRun, type Problem } from "../../local/report";
import { startExecution, watchExecution, type Watched } from "./execution";
import { readOutput, type PipelineOutput } from "./output";

const POLL_MS = 100;

/** What a run is started with. */
export interface RunOptions {
  sfn: SFNClient;
  stateMachineArn: string;
  /** Equal keys are the same run. */
  runKey: string;
  /** Milliseconds without anything new after which the run stands still. */
  stallMs: number;
  signal: AbortSignal;
  /** Takes the state that is entered. */
  onState: (state: string) => void;
}

/** A run that has ended, or stands still. */
export interface FinishedRun extends Watched {
  runId: string;
  runDate: string;
  /** Of a run that has succeeded. */
  result?: PipelineOutput;
}

/**
 * Runs the pipeline for today (UTC), so that the events that have arrived until now are in it.
 *
 * @throws Error when a run that has succeeded does not tell what it made
 */
export async function runPipeline({ sfn, stateMachineArn, runKey, stallMs, signal, onState }: RunOptions): Promise<FinishedRun> {
  const runDate = new Date().toISOString().slice(0, 10);
  const executionArn = await startExecution(sfn, stateMachineArn, { runDate, runKey }, signal);
  const watched = await watchExecution({ sfn, executionArn, signal, pollMs: POLL_MS, stallMs, onState: { entered: onState } });
  const result = watched.status === "SUCCEEDED" ? readOutput(watched.output) : undefined;
  return { ...watched, runDate, runId: result?.runId ?? runHash(runKey), result };
}

/** What the report tells of a run, before anything is known of what it made. */
export function describeRun({ runId, runDate, status, error, cause, seconds }: FinishedRun): PipelineRun {
  return { runId, runDate, status, ...(error !== undefined && { error }), ...(cause !== undefined && { cause }), seconds };
}

/** A run that did not succeed. */
export function checkRun({ status, error, cause }: FinishedRun): Problem[] {
  return status === "SUCCEEDED" ? [] : [problem("pipeline.run", "SUCCEEDED", status, [describeFailure({ error, cause })])];
}

/** Error and cause in one line. */
export function describeFailure({ error, cause }: Pick<Watched, "error" | "cause">): string {
  return [error ?? "no error", cause].filter(Boolean).join(": ").replace(/\s+/g, " ");
}

/** What the ids of a run begin with: the only name of a run that failed early. */
function runHash(runKey: string): string {
  return createHash("sha256").update(runKey).digest("hex").slice(0, 12);
}
