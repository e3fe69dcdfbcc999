import { cachePrefixes, inputKeys, jobModuleKeys, jobScriptKey } from "../shared/naming";
import type { TenantContext } from "../shared/tenantContext";

/** Parts that a company's own pipeline leaves in lake, below `<prefix>dt=<run date>/`. */
export interface ExportSource {
  /** Key prefix `<dataset>/<table>/`, whatever the stage. */
  prefix: string;
  /** Line that a part may begin with and that is left out. @default the CSV's columns, joined by commas */
  header?: string;
}

/** What an export reads, works with and writes, as both engines are told. */
export interface ExportLocations {
  context: TenantContext;
  /** Key prefix of somebody else's parts in lake; undefined when they are a query's, in cache. */
  source?: string;
  /** Key prefix of a query's parts in cache. */
  parts: string;
  /** Key prefix in cache of what an export works with. */
  work: string;
  /** Key prefix in cache of the queries' lists of parts. */
  results: string;
  /** Key of the CSV in downstream. */
  input: string;
  /** Key of the file beside it. */
  manifest: string;
  /** Key of the Glue job's script in infra. */
  script: string;
  /** Keys of the script's modules in infra. */
  modules: string[];
  /** Columns of the CSV, joined by commas. */
  columns: string;
  /** Line that a part may begin with. */
  header: string;
}

/** Who joins the parts; all of it is known at preview. */
export type Exporter = { engine: "lambda"; functionArn: string } | { engine: "glue"; jobName: string; timeoutMinutes: number };

/** Where a run's parts come from: a query, after a look at the historical drops, or somebody else's folder in lake. */
export type PartsOrigin = { historyFunctionArn: string } | { sourcePrefix: string };

/** What an export's places follow from. */
export interface ExportLocationsArgs {
  context: TenantContext;
  /** Columns of the CSV, in order. */
  interactionColumns: readonly string[];
  /** Somebody else's parts. @default those of the pipeline's own query */
  source?: ExportSource;
}

export function exportLocations({ context, interactionColumns, source }: ExportLocationsArgs): ExportLocations {
  const { keyPrefix, stage } = context;
  const { parts, inflated, results } = cachePrefixes(keyPrefix);
  const columns = interactionColumns.join(",");
  return {
    ...{ context, parts, results, columns, work: inflated },
    ...{ script: jobScriptKey(stage), modules: jobModuleKeys(stage) },
    ...inputKeys(keyPrefix),
    source: source?.prefix,
    header: source?.header ?? columns,
  };
}

/** `s3://` address below which every part lies. */
export function partsAddress({ context: { buckets }, source, parts }: ExportLocations): string {
  return source === undefined ? `s3://${buckets.cache}/${parts}` : `s3://${buckets.lake}/${source}`;
}
