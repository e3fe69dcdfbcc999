import type { Count, Totals, Training } from "../../local/report";

/** What an execution that has succeeded tells of itself. */
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

/**
 * Reads an execution's output.
 *
 * @throws Error naming the member that is missing
 */
export function readOutput(text: string | undefined): PipelineOutput {
  const output = JSON.parse(text ?? "null") as PipelineOutput | null;
  for (const path of ["runId", "runDate", "engine", "counts.rowsIn", "counts.leftOut", "counts.table", "counts.csv", "training.decision"]) {
    if (at(output, path) === undefined) throw new Error(`the pipeline's output must have ${path}, got ${text ?? "nothing"}`);
  }
  return output as PipelineOutput;
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce((inner: unknown, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value);
}
