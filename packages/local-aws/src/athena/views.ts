import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ServiceError } from "../service";
import { type Engine, identifier, literal } from "./engine";
import { QueryFailure } from "./failure";
import { jsonRows } from "./formats";
import type { Lake } from "./lake";
import { uriOf } from "./location";
import type { Source, SourceObject } from "./tables";
import { writeLines } from "./textLines";
import { duckTypeOf } from "./types";

const LEAST_ROW_BYTES = 2 ** 21;
const INSERTED_AT_ONCE = 1000;

/** What the views of a query's tables need. */
export interface Loading {
  engine: Engine;
  lake: Lake;
  /** Whether the views have the column `"$path"`, which `SELECT *` does not show on AWS. */
  withPath: boolean;
  signal: AbortSignal;
}

/**
 * Reads a table's objects into files of the engine and creates a view of them with the table's name.
 *
 * @param number of the table within its query
 * @throws QueryFailure naming an object that cannot be read
 */
export async function createView(loading: Loading, source: Source, number: number): Promise<void> {
  const { engine, withPath } = loading;
  const objects = `main.${identifier(`objects ${number}`)}`;
  const keys = source.keys.map(({ name, type }) => ({ sql: identifier(name), type: duckTypeOf(type) }));
  await engine.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(source.database)}`);
  await engine.run(`CREATE TABLE ${objects} (${["id INTEGER", "path VARCHAR", ...keys.map(({ sql }) => `${sql} VARCHAR`)].join(", ")})`);
  await insert(engine, objects, source.objects);
  const rows = await rowsOf(loading, source, number);
  const selected = [
    ...source.columns.map(({ name }) => `rows.${identifier(name)}`),
    ...keys.map(({ sql, type }) => `CAST(o.${sql} AS ${type}) AS ${sql}`),
    ...(withPath ? ['o.path AS "$path"'] : []),
  ];
  const name = `${identifier(source.database)}.${identifier(source.table)}`;
  await engine.run(
    `CREATE VIEW ${name} AS SELECT ${selected.join(", ")} FROM (${rows}) AS rows JOIN ${objects} AS o ON rows."object id" = o.id`,
  );
}

function rowsOf(loading: Loading, source: Source, number: number): Promise<string> {
  const { format, columns } = source;
  if (format.kind === "parquet") return parquet(loading, source, number);
  if (format.kind === "lines") return lines(loading, source, number, columns[0].name);
  return lines(loading, source, number, "line").then((query) => jsonRows(query, columns));
}

async function insert(engine: Engine, table: string, objects: SourceObject[]): Promise<void> {
  const rows = objects.map((object, id) => `(${[id, ...[uriOf(object), ...object.values].map(literal)].join(", ")})`);
  for (let at = 0; at < rows.length; at += INSERTED_AT_ONCE) {
    await engine.run(`INSERT INTO ${table} VALUES ${rows.slice(at, at + INSERTED_AT_ONCE).join(", ")}`);
  }
}

/** One file for all objects: one row per line, with the object's number. */
async function lines({ engine, lake, signal }: Loading, { objects }: Source, number: number, column: string): Promise<string> {
  const file = join(engine.folder, `lines-${number}.csv`);
  await writeFile(file, "");
  let rowBytes = LEAST_ROW_BYTES;
  for (const [id, object] of objects.entries()) {
    const read = async () => {
      const options = { gzip: object.key.endsWith(".gz"), number: id, signal };
      return writeLines(await lake.read(object), createWriteStream(file, { flags: "a", highWaterMark: 2 ** 20 }), options);
    };
    rowBytes = Math.max(rowBytes, await readable(object, signal, read));
  }
  const options = `auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, new_line = '\\n'`;
  const sizes = `max_line_size = ${rowBytes}, buffer_size = ${rowBytes * 2}`;
  const shape = `columns = {${literal(column)}: 'VARCHAR', 'object id': 'INTEGER'}`;
  return `SELECT * FROM read_csv(${literal(file)}, ${options}, ${sizes}, ${shape})`;
}

/** One file per object. */
async function parquet({ engine, lake, signal }: Loading, { table, columns, objects }: Source, number: number): Promise<string> {
  const wanted = columns.map(({ name, type }) => ({ name, sql: identifier(name), type: duckTypeOf(type) }));
  if (objects.length === 0) {
    return `SELECT ${wanted.map(({ sql, type }) => `CAST(NULL AS ${type}) AS ${sql}`).join(", ")}, 0 AS "object id" WHERE false`;
  }
  const selects = [];
  for (const [id, object] of objects.entries()) {
    const file = join(engine.folder, `table-${number}-${id}.parquet`);
    const rows = `FROM read_parquet(${literal(file)})`;
    const found = await readable(object, signal, async () => {
      await pipeline(await lake.read(object), createWriteStream(file), { signal });
      return engine.columns(`SELECT * ${rows}`);
    });
    const selected = wanted.map(({ name, sql, type }) => {
      const column = found.find((candidate) => candidate.name.toLowerCase() === name);
      if (column === undefined) return `CAST(NULL AS ${type}) AS ${sql}`;
      if (column.type === type) return `${identifier(column.name)} AS ${sql}`;
      const what = `Field ${name}'s type ${column.type} in parquet file ${uriOf(object)} is incompatible with type ${type}`;
      throw new QueryFailure("data", `HIVE_BAD_DATA: ${what} defined in table schema of ${table}`);
    });
    selects.push(`SELECT ${selected.join(", ")}, ${id} AS "object id" ${rows}`);
  }
  return selects.join(" UNION ALL ");
}

async function readable<T>(object: SourceObject, signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const refused = error instanceof ServiceError && error.code.startsWith("AccessDenied");
    if (refused || signal.aborted) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new QueryFailure("data", `HIVE_CURSOR_ERROR: Failed to read file: ${uriOf(object)}: ${cause}`);
  }
}
