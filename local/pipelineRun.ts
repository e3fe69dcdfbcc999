import { createHash } from "node:crypto";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { describeFailure, startExecution, watchExecution, type WatchedExecution } from "../cli/aws/execution";
import { problem, type Count, type PipelineRun, type Problem, type Totals, type Training } from "./report";

const POLL_MS = 200;

/** How to run the pipeline. */
export interface PipelineRunOptions {
  sfn: SFNClient;
  stateMachineArn: string;
  /** Executions with the same key are the same run. */
  runKey: string;
  /** Whether it goes on whatever share of the rows is bad. */
  acceptBadRows: boolean;
  /** Milliseconds without a new history event after which the run counts as stalled. */
  stallMs: number;
  signal: AbortSignal;
  /** Receives each state that is entered. */
  onState: (state: string) => void;
}

/** A run that has ended or stalled. */
export interface FinishedRun extends WatchedExecution {
  runId: string;
  /** `YYYY-MM-DD` */
  runDate: string;
  /** Of a run that succeeded. */
  result?: PipelineOutput;
}

/**
 * Runs the pipeline for today (UTC), so that it includes the events that have arrived until now.
 *
 * @throws Error when a run succeeds with an incomplete output
 */
export async function runPipeline(options: PipelineRunOptions): Promise<FinishedRun> {
  const { sfn, stateMachineArn, runKey, acceptBadRows, stallMs, signal, onState } = options;
  const runDate = new Date().toISOString().slice(0, 10);
  const executionArn = await startExecution(sfn, stateMachineArn, { runDate, runKey, ...(acceptBadRows && { acceptBadRows }) }, signal);
  const watched = await watchExecution({ sfn, executionArn, signal, pollMs: POLL_MS, stallMs, onState: { entered: onState } });
  const result = watched.status === "SUCCEEDED" ? readOutput(watched.output) : undefined;
  return { ...watched, runDate, runId: result?.runId ?? runHash(runKey), result };
}

/** Run ids begin with it. A run that fails early has no other name. */
function runHash(runKey: string): string {
  return createHash("sha256").update(runKey).digest("hex").slice(0, 12);
}

/** Output of an execution that succeeded. */
export interface PipelineOutput {
  runId: string;
  /** `YYYY-MM-DD` */
  runDate: string;
  engine: "lambda" | "glue";
  counts: {
    rowsIn: number;
    leftOut: Count;
    table: Totals;
    csv: Totals & { repeatUsers: number; bytes: number };
  };
  training: Training;
}

const NEEDED = ["runId", "runDate", "engine", "counts.rowsIn", "counts.leftOut", "counts.table", "counts.csv", "training.decision"];

/** @throws Error naming the member that is missing */
function readOutput(text = "null"): PipelineOutput {
  const output = JSON.parse(text) as PipelineOutput | null;
  const missing = NEEDED.find((path) => at(output, path) === undefined);
  if (missing !== undefined) throw new Error(`the pipeline's output must have ${missing}, got ${text}`);
  return output as PipelineOutput;
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner: unknown, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value);
}

/** Describes a run for the report, without what it produced. */
export function describeRun({ runId, runDate, status, error, cause, seconds }: FinishedRun): PipelineRun {
  return { runId, runDate, status, ...(error !== undefined && { error }), ...(cause !== undefined && { cause }), seconds };
}

/** Reports a run that did not succeed. */
export function checkRun({ status, error, cause }: FinishedRun): Problem[] {
  return status === "SUCCEEDED" ? [] : [problem("pipeline.run", "SUCCEEDED", status, [describeFailure({ error, cause })])];
}
