import { isDeepStrictEqual } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Production } from "../interactions/production";
import type { PipelineOutput } from "../../cli/pipeline/output";
import { problem, type PipelineRun, type Problem } from "../report";
import { ExportedCsv, getObject } from "./exportedCsv";
import { expectedExport, rowKey, rowOf, type ExpectedExport } from "./exportedExpected";
import { compareManifest } from "./exportedManifest";
import { compareRows, RowCounter, type RowFindings } from "./exportedRows";
import { readTable, type TableRow } from "./exportedTable";

/** What the tenant's settings say of the export. */
export interface ExportSettings {
  /** Event types that count as interactions. @default all but impression */
  eventTypes?: readonly string[];
  /** Whether the CSV has the rows that came as events. @default include */
  streamedEvents?: "include" | "exclude";
  interactionColumns: readonly string[];
}

/** Tells of an event type whether its interactions are exported. */
export function countsBy({ eventTypes }: Pick<ExportSettings, "eventTypes">): (eventType: string) => boolean {
  return (type) => eventTypes?.includes(type) ?? type !== "impression";
}

/** Where a run leaves what it makes. */
export interface ExportLocations {
  lake: string;
  downstream: string;
  /** Key prefix of the interactions table in lake. */
  table: string;
  /** Keys in downstream. */
  csv: string;
  manifest: string;
}

/** Where to look, and from what everything is recomputed. */
export interface ExportOptions {
  production: Production;
  settings: ExportSettings;
  s3: S3Client;
  places: ExportLocations;
  /** What the run says of itself. */
  output: PipelineOutput;
}

/** What a run made, against what it must have made. */
export interface ExportFindings {
  export: NonNullable<PipelineRun["export"]>;
  problems: Problem[];
}

/** Compares the table's partition, the CSV, its manifest and the run's own counts, row by row, with the history and the events. */
export async function compareExport({ production, settings, s3, places, output }: ExportOptions): Promise<ExportFindings> {
  const { streamedEvents, interactionColumns } = settings;
  const expected = expectedExport(production, countsBy(settings));
  const table = await compareTable(expected, readTable(s3, places.lake, `${places.table}dt=${output.runDate}/run=${output.runId}/`));
  const csv = await ExportedCsv.open(s3, places.downstream, places.csv);
  const awaited = csvRows(expected, streamedEvents !== "exclude", interactionColumns.includes("EVENT_TYPE"));
  const inCsv = await compareRows("export.csv", awaited, csv?.rows() ?? none());
  const manifest = await readManifest(s3, places);
  const facts = csv ?? { columns: [], bytes: 0, plainBytes: 0, etag: "", metadata: {}, sha256: "", head: [] };
  const problems = [
    ...table.problems,
    ...inCsv.problems,
    ...differing("export.csv.header", interactionColumns, facts.columns),
    ...differing("export.csv.bytes", facts.plainBytes, facts.bytes),
    ...compareManifest({ manifest, csv: facts, totals: inCsv.totals, output }),
    ...compareCounts(expected, table, inCsv, output),
  ];
  const { rowsIn, leftOut } = output.counts;
  const { bytes, sha256, head } = facts;
  const found = { table: table.totals, csv: { ...inCsv.totals, bytes, sha256, head }, manifest: manifest ?? {} };
  return { export: { engine: output.engine, rowsIn, leftOut, expected: totalsOf(expected), ...found }, problems };
}

/** A row's flag tells the CSV what the event tracker knows already. */
async function compareTable({ rows: expected }: ExpectedExport, rows: AsyncIterable<TableRow>): Promise<RowFindings> {
  const flags: string[] = [];
  async function* checked(): AsyncGenerator<TableRow> {
    for await (const row of rows) {
      const must = expected.get(rowKey(row))?.streamed;
      if (must !== undefined && must !== row.streamed) flags.push(`${rowKey(row)} must have ${must}, got ${row.streamed}`);
      yield row;
    }
  }
  const found = await compareRows("export.table", new Map([...expected.keys()].map((key) => [key, 1])), checked());
  return flags.length === 0 ? found : { ...found, problems: [...found.problems, problem("export.table.streamed", 0, flags.length, flags)] };
}

/** The rows that the CSV must have, and how often: without event types, several may look alike. */
function csvRows({ rows }: ExpectedExport, withStreamed: boolean, withEventType: boolean): Map<string, number> {
  const awaited = new Map<string, number>();
  for (const [key, { streamed }] of rows) {
    if (streamed && !withStreamed) continue;
    const shown = withEventType ? key : rowKey({ ...rowOf(key), eventType: undefined });
    awaited.set(shown, (awaited.get(shown) ?? 0) + 1);
  }
  return awaited;
}

/** The run's own counts: of what went in, and of what came out. */
function compareCounts({ rowsIn, leftOut }: ExpectedExport, table: RowFindings, csv: RowFindings, { counts }: PipelineOutput): Problem[] {
  const { rows, users, items } = counts.csv;
  return [
    ...differing("export.rowsIn", rowsIn, counts.rowsIn),
    ...differing("export.leftOut", leftOut, counts.leftOut),
    ...differing("export.counts", { table: table.totals, csv: csv.totals }, { table: counts.table, csv: { rows, users, items } }),
  ];
}

function totalsOf({ rows }: ExpectedExport) {
  const counter = new RowCounter();
  for (const key of rows.keys()) counter.add(rowOf(key));
  return counter.totals;
}

async function readManifest(s3: S3Client, { downstream, manifest }: ExportLocations): Promise<Record<string, unknown> | undefined> {
  const found = await getObject(s3, downstream, manifest);
  return found?.Body && (JSON.parse(await found.Body.transformToString()) as Record<string, unknown>);
}

function differing(check: string, expected: unknown, actual: unknown): Problem[] {
  return isDeepStrictEqual(expected, actual) ? [] : [problem(check, expected, actual)];
}

async function* none(): AsyncGenerator<never> {}
