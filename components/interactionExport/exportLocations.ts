import { cachePrefixes, inputKeys, jobModuleKeys, jobScriptKey } from "../shared/naming";
import type { TenantContext } from "../shared/tenantContext";

/** Parts that another pipeline writes to lake, below `<prefix>dt=<run date>/`. */
export interface ExportSource {
  /** Key prefix `<dataset>/<table>/`; it does not depend on the stage. */
  prefix: string;
  /** Header line that a part may start with, which is left out. @default the CSV's columns, joined by commas */
  header?: string;
}

/** What an export reads and writes; both engines are given the same. */
export interface ExportLocations {
  context: TenantContext;
  /** Key prefix in lake of another pipeline's parts; undefined when the parts are a query's, in cache. */
  source?: string;
  /** Key prefix in cache of a query's parts. */
  parts: string;
  /** Key prefix in cache of an export's intermediate objects. */
  work: string;
  /** Key prefix in cache of query results, which list the parts. */
  results: string;
  /** Key in downstream of the CSV. */
  input: string;
  /** Key in downstream of the CSV's manifest. */
  manifest: string;
  /** Key in infra of the Glue job's script. */
  script: string;
  /** Keys in infra of the script's modules. */
  modules: string[];
  /** Columns of the CSV, joined by commas. */
  columns: string;
  /** Header line that a part may start with. */
  header: string;
}

/** What joins the parts; known at preview. */
export type Exporter = { engine: "lambda"; functionArn: string } | { engine: "glue"; jobName: string; timeoutMinutes: number };

/** Where a run's parts come from: a query, once a function has read the history files, or another pipeline's folder in lake. */
export type PartsOrigin = { historyFunctionArn: string } | { sourcePrefix: string };

/**
 * @param interactionColumns columns of the CSV, in order
 * @param source parts of another pipeline. @default the parts of the pipeline's own query
 */
export function exportLocations(
  context: TenantContext,
  interactionColumns: readonly string[],
  source: ExportSource | undefined,
): ExportLocations {
  const { keyPrefix, stage } = context;
  const { parts, inflated, results } = cachePrefixes(keyPrefix);
  const { input, manifest } = inputKeys(keyPrefix);
  const columns = interactionColumns.join(",");
  return {
    context,
    source: source?.prefix,
    parts,
    work: inflated,
    results,
    input,
    manifest,
    script: jobScriptKey(stage),
    modules: jobModuleKeys(stage),
    columns,
    header: source?.header ?? columns,
  };
}

/** `s3://` address that all parts are below. */
export function partsAddress({ context: { buckets }, source, parts }: ExportLocations): string {
  return source === undefined ? `s3://${buckets.cache}/${parts}` : `s3://${buckets.lake}/${source}`;
}
