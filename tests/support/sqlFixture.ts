import * as assert from "node:assert/strict";
import { DuckDBInstance, type DuckDBConnection, type DuckDBPreparedStatement } from "@duckdb/node-api";
import { HARMLESS_REASONS } from "../../components/pipeline/steps/parts";
import { readStatement, renderStatement, type SqlValues } from "../../components/pipeline/statements";
import { MACROS, parseStatement, translate } from "@c360/local-aws/testing";
import { type ColumnNames, describeFirstRow } from "../../functions/describeHistory/firstRow";

/** Objects of upstream below their prefix: keys of events begin with the hour of arrival (`yyyy/MM/dd/HH`). */
export interface Upstream {
  history?: Record<string, string | Buffer>;
  /** Header names of the history's columns. */
  columns?: ColumnNames;
  events?: Record<string, string | Buffer>;
}

const HISTORY = "s3://upstream/history/";
const EVENTS = "s3://upstream/latest/";

export interface RunSettings {
  runDate?: string;
  defaultEventType?: string;
  countedTypes?: string[];
  ignoredTypes?: string[];
  withEventType?: boolean;
  withoutStreamed?: boolean;
}

/** User, item, epoch seconds, event type, and `streamed` when it also arrived as an event. */
export type TableRow = [string, string, number, string] | [string, string, number, string, "streamed"];

const DATABASE = "lake";
const TABLES: Record<string, Record<string, keyof typeof SEED>> = {
  t100_dashboard_interaction_history: { line: "VARCHAR", '"$path"': "VARCHAR" },
  t100_dashboard_interaction_history_description: {
    object: "VARCHAR",
    delimiter: "VARCHAR",
    column_count: "BIGINT",
    user_position: "BIGINT",
    item_position: "BIGINT",
    time_position: "BIGINT",
    type_position: "BIGINT",
    header: "VARCHAR",
  },
  t100_dashboard_interaction_event: { line: "VARCHAR", '"$path"': "VARCHAR", datehour: "VARCHAR" },
  t200_dashboard_interaction: {
    user_id: "VARCHAR",
    item_id: "VARCHAR",
    '"timestamp"': "BIGINT",
    event_type: "VARCHAR",
    streamed: "BOOLEAN",
    dt: "VARCHAR",
  },
};
/** Row 0 of each table: DuckDB must not plan a prepared statement for an empty table. */
const SEED = { VARCHAR: "''", BIGINT: "0", BOOLEAN: "FALSE" };
const CLASSIFIED_ROWS: SqlValues = Object.fromEntries(
  ["classified_rows", "history_rows", "event_rows"].map((name) => [name, { fragment: readStatement(name) }]),
);
const CSV_LINES: SqlValues = { csv_lines: { fragment: readStatement("csv_lines") } };

const HARMLESS = { harmless_reasons: { list: HARMLESS_REASONS } };

/** Runs the SQL statements over tables in memory, translated as in the local Athena. */
export class SqlFixture {
  private readonly prepared = new Map<string, DuckDBPreparedStatement>();

  private constructor(private readonly connection: DuckDBConnection) {}

  static async open(): Promise<SqlFixture> {
    const settings = { autoinstall_known_extensions: "false", autoload_known_extensions: "false", threads: "1" };
    const connection = await (await DuckDBInstance.create(":memory:", settings)).connect();
    for (const macro of MACROS) await connection.run(macro);
    await connection.run(`CREATE SCHEMA ${DATABASE}`);
    for (const [table, columns] of Object.entries(TABLES)) {
      await connection.run(
        `CREATE TABLE ${table} (${Object.entries(columns)
          .map((column) => column.join(" "))
          .join(", ")})`,
      );
      await connection.run(
        `INSERT INTO ${table} VALUES (${Object.values(columns)
          .map((type) => SEED[type])
          .join(", ")})`,
      );
      const opaque = Object.entries(columns).map(([name, type]) => `${name}${type === "VARCHAR" ? " || ''" : ""} AS ${name}`);
      await connection.run(`CREATE VIEW ${DATABASE}.${table} AS SELECT ${opaque.join(", ")} FROM main.${table} WHERE rowid > 0`);
    }
    return new SqlFixture(connection);
  }

  /** Replaces the objects of upstream, and empties the table. */
  async load({ history = {}, columns, events = {} }: Upstream): Promise<void> {
    for (const table of Object.keys(TABLES)) await this.connection.run(`DELETE FROM main.${table} WHERE rowid > 0`);
    await this.append("t100_dashboard_interaction_history", Object.entries(history), (key) => [HISTORY + key]);
    for (const [key, text] of Object.entries(history)) await this.describe(HISTORY + key, Buffer.from(text), columns);
    await this.append("t100_dashboard_interaction_event", Object.entries(events), (key) => [
      EVENTS + key,
      key.slice(0, "yyyy/MM/dd/HH".length),
    ]);
  }

  /** Adds an object of history that nothing has described. */
  async arrive(key: string, text: string): Promise<void> {
    await this.append("t100_dashboard_interaction_history", [[key, text]], () => [HISTORY + key]);
  }

  /** Builds the table of the run date; returns its rows, sorted. */
  async build(settings: RunSettings = {}): Promise<TableRow[]> {
    const rows = await this.run("build_interactions", { ...classified(settings), destination: { text: "s3://lake/empty/" } });
    const appender = await this.connection.createAppender("t200_dashboard_interaction");
    for (const [user, item, timestamp, type, streamed] of rows as [string, string, bigint, string, boolean][]) {
      for (const text of [user, item]) appender.appendVarchar(text);
      appender.appendBigInt(timestamp);
      appender.appendVarchar(type);
      appender.appendBoolean(streamed);
      appender.appendVarchar(runDateOf(settings));
      appender.endRow();
    }
    appender.closeSync();
    return rows
      .map(
        ([user, item, timestamp, type, streamed]) => [user, item, Number(timestamp), type, ...(streamed ? ["streamed"] : [])] as TableRow,
      )
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** Loads and builds; returns the rows of the table, and the number of rows left out by reason. Checks that no row is unaccounted for. */
  async loadAndBuild(upstream: Upstream, settings: RunSettings = {}): Promise<[rows: TableRow[], leftOut: Record<string, number>]> {
    await this.load(upstream);
    const rows = await this.build(settings);
    const figures = await this.count(settings);
    const leftOut = leftOutOf(figures);
    assert.equal(figures["table.rows"], rows.length);
    assert.equal(figures.rowsIn, rows.length + Object.values(leftOut).reduce((sum, count) => sum + count, 0));
    return [rows, leftOut];
  }

  /** The loaded events by key, before duplicates are removed. */
  async events(settings: RunSettings = {}): Promise<Map<string, { reason: string | null; interaction: unknown[] }[]>> {
    const columns = 'object, reason, user_id, item_id, "timestamp", event_type';
    const rows = await this.runText(`WITH :classified_rows SELECT ${columns} FROM event_verdicts`, classified(settings));
    const events = new Map<string, { reason: string | null; interaction: unknown[] }[]>();
    for (const [object, reason, user, item, timestamp, type] of rows as [string, string | null, ...unknown[]][]) {
      const key = object.slice(EVENTS.length);
      events.set(key, [...(events.get(key) ?? []), { reason, interaction: [user, item, Number(timestamp), type] }]);
    }
    return events;
  }

  /** The figures that the pipeline reads after a build, by name. */
  async count(settings: RunSettings = {}): Promise<Record<string, number>> {
    const rows = await this.run("count_interactions", { ...classified(settings), ...csv(settings), ...HARMLESS });
    return Object.fromEntries(rows.map(([name, value]) => [name, Number(value)])) as Record<string, number>;
  }

  /** The lines of the CSV, sorted. */
  async csvLines(settings: RunSettings = {}): Promise<string[]> {
    const values = {
      database: { identifier: DATABASE },
      run_date: { text: runDateOf(settings) },
      destination: { text: "s3://cache/empty/" },
    };
    return (await this.run("write_parts", { ...values, ...csv(settings) })).map(([line]) => String(line)).sort();
  }

  close(): void {
    this.connection.closeSync();
  }

  private async run(statement: string, values: SqlValues): Promise<unknown[][]> {
    return this.runText(readStatement(statement), values);
  }

  private async runText(text: string, values: SqlValues): Promise<unknown[][]> {
    const sql = renderStatement(text, values);
    const prepared = this.prepared.get(sql) ?? (await this.connection.prepare(await translate(parseStatement(sql).query)));
    this.prepared.set(sql, prepared);
    return (await prepared.runAndReadAll()).getRowsJS();
  }

  /** Adds an object's description as the function would, unless it refuses the object. */
  private async describe(object: string, text: Buffer, columns?: ColumnNames): Promise<void> {
    const described: object = { object, ...describeFirstRow(text, true, columns) };
    if ("refused" in described) throw new Error(`"${object}" ${String(described.refused)}`);
    const members = Object.entries(described).filter(([, value]) => value !== undefined) as [string, string | number][];
    const names = members.map(([name]) => name).join(", ");
    const values = members.map(([, value]) => (typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : value)).join(", ");
    await this.connection.run(`INSERT INTO t100_dashboard_interaction_history_description (${names}) VALUES (${values})`);
  }

  private async append(table: string, objects: [string, string | Buffer][], rest: (key: string) => string[]): Promise<void> {
    const appender = await this.connection.createAppender(table);
    for (const [key, text] of objects) {
      for (const line of linesOf(text)) {
        for (const value of [line, ...rest(key)]) appender.appendVarchar(value);
        appender.endRow();
      }
    }
    appender.closeSync();
  }
}

/** Numbers of rows left out, by reason. */
function leftOutOf(figures: Record<string, number>): Record<string, number> {
  const leftOut = Object.entries(figures).filter(([name]) => name.startsWith("leftOut."));
  return Object.fromEntries(leftOut.map(([name, value]) => [name.slice("leftOut.".length), value]));
}

/** The statements as they are sent to Athena. */
export function renderedStatements(settings: RunSettings = {}): string[] {
  const destination = { text: "s3://bucket/empty/" };
  const values = { database: { identifier: DATABASE }, run_date: { text: runDateOf(settings) } };
  return [
    renderStatement(readStatement("build_interactions"), { ...classified(settings), destination }),
    renderStatement(readStatement("count_interactions"), { ...classified(settings), ...csv(settings), ...HARMLESS }),
    renderStatement(readStatement("write_parts"), { ...values, ...csv(settings), destination }),
  ];
}

/** Lines as Hadoop reads them: they end at LF, CR or CRLF, and bytes that are not UTF-8 become U+FFFD. */
function linesOf(text: string | Buffer): string[] {
  const lines = text.toString("utf8").split(/\r\n|\n|\r/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function classified(settings: RunSettings): SqlValues {
  const { defaultEventType = "watch", countedTypes = [], ignoredTypes = [] } = settings;
  const runDate = runDateOf(settings);
  return {
    ...CLASSIFIED_ROWS,
    database: { identifier: DATABASE },
    run_date: { text: runDate },
    last_hour: { text: `${runDate.replaceAll("-", "/")}/23` },
    default_event_type: { text: defaultEventType },
    counted_types: { list: countedTypes },
    ignored_types: { list: ignoredTypes },
  };
}

function csv({ withEventType = true, withoutStreamed = false }: RunSettings): SqlValues {
  return {
    ...CSV_LINES,
    with_event_type: { flag: withEventType },
    without_streamed: { flag: withoutStreamed },
  };
}

function runDateOf({ runDate = "2026-11-20" }: RunSettings): string {
  return runDate;
}
