import type { PipelineOutput } from "../../cli/pipeline/output";
import { problem, type Problem, type Totals } from "../report";
import type { ExportedCsv } from "./exportedCsv";

/** What a manifest is compared with. */
export interface ManifestOptions {
  /** Content of the file beside the CSV; undefined when there is none. */
  manifest: Record<string, unknown> | undefined;
  csv: Pick<ExportedCsv, "columns" | "bytes" | "etag" | "metadata">;
  /** As counted in the CSV. */
  totals: Totals;
  output: Pick<PipelineOutput, "runId" | "runDate">;
}

/** Compares the manifest beside the CSV, and the one in the CSV's metadata, with the run and the CSV itself. */
export function compareManifest({ manifest, csv, totals, output }: ManifestOptions): Problem[] {
  const { bytes, columns, etag, metadata } = csv;
  const { runId, runDate } = output;
  const expected = texts({ runId, runDate, ...totals, bytes, columns });
  const wrong = [
    ...deviations("the manifest", { ...expected, ...texts({ etag }) }, manifest && texts(manifest)),
    ...deviations("the object's metadata", expected, texts(metadata)),
  ];
  return wrong.length === 0 ? [] : [problem("export.manifest", { ...expected, etag }, manifest ?? null, wrong)];
}

function deviations(where: string, expected: Record<string, string>, found: Record<string, string> | undefined): string[] {
  if (found === undefined) return [`${where} is not there`];
  return Object.entries(expected)
    .filter(([name, value]) => found[name] !== value)
    .map(([name, value]) => `${where} must have ${name} ${value}, got ${found[name] ?? "nothing"}`);
}

/** Metadata has lower-case names and texts for values. */
function texts(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), unquoted(String(value))]));
}

/** An ETag with or without the quotes that HTTP puts around it. */
function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, "$1");
}
