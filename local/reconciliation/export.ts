import { isDeepStrictEqual } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Production } from "../interactions/production";
import type { PipelineOutput } from "../pipelineRun";
import { problem, type PipelineRun, type Problem, type Totals } from "../report";
import { expectedExport, type ExportedRow, rowKey, rowOf, type ExpectedExport } from "./expectedExport";
import { ExportedCsv, readTable, type TableRow } from "./exportedFiles";
import { type ExportLocations, getObject } from "./storage";

/** A tenant's settings of the export. */
export interface ExportSettings {
  /** Event types that count as interactions. @default all but impression */
  eventTypes?: readonly string[];
  /** Whether the CSV has the rows that came as events. @default include */
  streamedEvents?: "include" | "exclude";
  interactionColumns: readonly string[];
}

/** Returns a function that tells whether interactions of an event type are exported. */
export function countsBy({ eventTypes }: Pick<ExportSettings, "eventTypes">): (eventType: string) => boolean {
  return (type) => eventTypes?.includes(type) ?? type !== "impression";
}

/** A run to compare, and what it must have produced. */
export interface ExportOptions {
  production: Production;
  settings: ExportSettings;
  s3: S3Client;
  locations: ExportLocations;
  /** What the run says of itself. */
  output: PipelineOutput;
}

/** What a run produced, compared with what it must have produced. */
export interface ExportFindings {
  export: NonNullable<PipelineRun["export"]>;
  problems: Problem[];
}

/** Compares the table's partition, the CSV, its manifest and the run's own counts, row by row, with the history and the events. */
export async function compareExport({ production, settings, s3, locations, output }: ExportOptions): Promise<ExportFindings> {
  const { streamedEvents, interactionColumns } = settings;
  const expected = expectedExport(production, countsBy(settings));
  const table = await compareTable(expected, readTable(s3, locations.lake, `${locations.table}dt=${output.runDate}/run=${output.runId}/`));
  const csv = await ExportedCsv.open(s3, locations.downstream, locations.csv);
  const csvRows = expectedCsvRows(expected, streamedEvents !== "exclude", interactionColumns.includes("EVENT_TYPE"));
  const inCsv = await compareRows("export.csv", csvRows, csv?.rows() ?? none());
  const manifest = await readManifest(s3, locations);
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

/** Compares the rows and their flag `streamed`, which says what the event tracker already knows. */
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

/** The rows that the CSV must have, and how often: without event types, several rows may look alike. */
function expectedCsvRows({ rows }: ExpectedExport, withStreamed: boolean, withEventType: boolean): Map<string, number> {
  const times = new Map<string, number>();
  for (const [key, { streamed }] of rows) {
    if (streamed && !withStreamed) continue;
    const shown = withEventType ? key : rowKey({ ...rowOf(key), eventType: undefined });
    times.set(shown, (times.get(shown) ?? 0) + 1);
  }
  return times;
}

/** Rows found, compared with the rows expected. */
export interface RowFindings {
  totals: Totals;
  problems: Problem[];
}

/**
 * Compares rows as a multiset. An expected row that is not there is `missing`. A row that is there too often, or is not expected, is
 * `unexpected`.
 *
 * @param check prefix of the problems' names
 * @param expected times by identity; emptied
 */
export async function compareRows(check: string, expected: Map<string, number>, rows: AsyncIterable<ExportedRow>): Promise<RowFindings> {
  const counter = new RowCounter();
  const unexpected: string[] = [];
  for await (const row of rows) {
    counter.add(row);
    const key = rowKey(row);
    const left = expected.get(key) ?? 0;
    if (left === 0) unexpected.push(key);
    else if (left === 1) expected.delete(key);
    else expected.set(key, left - 1);
  }
  const missing = [...expected].flatMap(([key, left]) => Array.from({ length: left }, () => key));
  const problems = Object.entries({ missing, unexpected })
    .filter(([, examples]) => examples.length > 0)
    .map(([name, examples]) => problem(`${check}.${name}`, 0, examples.length, examples));
  return { totals: counter.totals, problems };
}

class RowCounter {
  private rows = 0;
  private readonly users = new Set<string>();
  private readonly items = new Set<string>();

  add({ userId, itemId }: ExportedRow): void {
    this.rows += 1;
    this.users.add(userId);
    this.items.add(itemId);
  }

  get totals(): Totals {
    return { rows: this.rows, users: this.users.size, items: this.items.size };
  }
}

function totalsOf({ rows }: ExpectedExport): Totals {
  const counter = new RowCounter();
  for (const key of rows.keys()) counter.add(rowOf(key));
  return counter.totals;
}

/** Compares the counts that the run reports. */
function compareCounts({ rowsIn, leftOut }: ExpectedExport, table: RowFindings, csv: RowFindings, { counts }: PipelineOutput): Problem[] {
  const { rows, users, items } = counts.csv;
  return [
    ...differing("export.rowsIn", rowsIn, counts.rowsIn),
    ...differing("export.leftOut", leftOut, counts.leftOut),
    ...differing("export.counts", { table: table.totals, csv: csv.totals }, { table: counts.table, csv: { rows, users, items } }),
  ];
}

async function readManifest(s3: S3Client, { downstream, manifest }: ExportLocations): Promise<Record<string, unknown> | undefined> {
  const found = await getObject(s3, downstream, manifest);
  return found?.Body && (JSON.parse(await found.Body.transformToString()) as Record<string, unknown>);
}

/** What to compare a manifest with. */
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
  if (found === undefined) return [`${where} is missing`];
  return Object.entries(expected)
    .filter(([name, value]) => found[name] !== value)
    .map(([name, value]) => `${where} must have ${name} ${value}, got ${found[name] ?? "nothing"}`);
}

/** Metadata has names in lower case and texts as values. An ETag may have the quotes of HTTP. */
function texts(values: object): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [name.toLowerCase(), String(value).replace(/^"(.*)"$/, "$1")]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function differing(check: string, expected: unknown, actual: unknown): Problem[] {
  return isDeepStrictEqual(expected, actual) ? [] : [problem(check, expected, actual)];
}

async function* none(): AsyncGenerator<never> {}
