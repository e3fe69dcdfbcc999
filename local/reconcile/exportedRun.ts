import type { S3Client } from "@aws-sdk/client-s3";
import type { Production } from "../interactions/production";
import { checkRun, describeRun, type FinishedRun } from "../../cli/pipeline/run";
import type { PipelineRun, Problem } from "../report";
import { keyPrefix } from "../upstream";
import { compareExport, type ExportLocations, type ExportSettings } from "./exported";

/** A run of the pipeline, and where it left what it made. */
export interface ExportedRun {
  run: FinishedRun;
  settings: ExportSettings;
  places: ExportLocations;
}

/** Places of a stage's table and CSV, as the data contracts have them. */
export function exportLocations(stage: string, { lake, downstream }: Pick<ExportLocations, "lake" | "downstream">): ExportLocations {
  const input = `${keyPrefix(stage)}recommender/personalize_input`;
  return {
    ...{ lake, downstream },
    table: `${keyPrefix(stage)}crm_derived_restricted/t200_dashboard_interaction/`,
    csv: `${input}.csv`,
    manifest: `${input}.manifest.json`,
  };
}

/** Runs, and what did not come out of them. */
export interface ComparedRuns {
  runs: PipelineRun[];
  problems: Problem[];
}

/** Compares what a run made; of one that failed, there is nothing to compare. */
export async function compareRun(production: Production, s3: S3Client, { run, settings, places }: ExportedRun): Promise<ComparedRuns> {
  const described = describeRun(run);
  if (run.result === undefined) return { runs: [described], problems: checkRun(run) };
  const found = await compareExport({ production, settings, s3, places, output: run.result });
  return { runs: [{ ...described, export: found.export, training: run.result.training }], problems: found.problems };
}
