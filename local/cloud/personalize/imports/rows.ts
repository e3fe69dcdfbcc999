import { open } from "node:fs/promises";
import { identifier, literal } from "../../athena/engine";
import { JobFailure } from "../lifecycle";
import type { Sql } from "../sql";

/** Least rows of a job: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const LEAST_ROWS = 1000;
const MOST_ID_CHARACTERS = 256;
const MOST_TEXT_CHARACTERS = 1000;
const HEAD_BYTES = 65_536;

/** A field of the dataset's schema. */
export interface SchemaField {
  name: string;
  type: string | string[];
}

/**
 * Checks files against the schema and makes one table of them: {@link Sql} has it as `imported`.
 *
 * @returns rows
 * @throws JobFailure naming the file, the line, the column, the rule and the value of the first row that is wrong
 */
export async function readRows(sql: Sql, files: readonly { uri: string; file: string }[], fields: readonly SchemaField[]): Promise<number> {
  let rows = 0;
  for (const [i, { uri, file }] of files.entries()) {
    await load(sql, uri, file, await readHeader(uri, file, fields));
    await checkValues(sql, uri, fields);
    const columns = `"USER_ID" AS user_id, "ITEM_ID" AS item_id, CAST("TIMESTAMP" AS BIGINT) AS "timestamp"`;
    const type = fields.some(({ name }) => name === "EVENT_TYPE") ? `"EVENT_TYPE"` : "NULL";
    const select = `SELECT ${columns}, CAST(${type} AS VARCHAR) AS event_type FROM lines`;
    await sql.run(i === 0 ? `CREATE OR REPLACE TABLE imported AS ${select}` : `INSERT INTO imported ${select}`);
    rows += Number((await sql.rows("SELECT count(*) FROM lines"))[0][0]);
  }
  if (rows < LEAST_ROWS) throw new JobFailure(`The data must have at least ${LEAST_ROWS} rows, it has ${rows}.`);
  return rows;
}

async function readHeader(uri: string, file: string, fields: readonly SchemaField[]): Promise<string[]> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const names = buffer.toString("utf8", 0, bytesRead).split(/\r?\n/, 1)[0].split(",");
    const missing = fields.find(({ name }) => !names.includes(name));
    if (missing) throw new JobFailure(`${uri}: the header must have the column ${missing.name} of the schema, it is "${names.join(",")}".`);
    const unknown = names.find((name) => !fields.some((field) => field.name === name));
    if (unknown !== undefined) throw new JobFailure(`${uri}: the header must have columns of the schema alone, got "${unknown}".`);
    return names;
  } finally {
    await handle.close();
  }
}

async function load(sql: Sql, uri: string, file: string, names: readonly string[]): Promise<void> {
  const options = "header = true, delim = ',', quote = '\"', escape = '\"', auto_detect = false";
  const columns = `{${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ")}}`;
  try {
    await sql.run(`CREATE OR REPLACE TABLE lines AS SELECT * FROM read_csv(${literal(file)}, columns = ${columns}, ${options})`);
  } catch (error) {
    throw new JobFailure(`${uri} must be CSV: ${(error as Error).message.split("\n")[0]}`);
  }
}

async function checkValues(sql: Sql, uri: string, fields: readonly SchemaField[]): Promise<void> {
  for (const field of fields) {
    const column = identifier(field.name);
    const { must, holds } = ruleOf(field);
    const query = `SELECT rowid + 2, ${column} FROM lines WHERE NOT coalesce(${holds(column)}, false) ORDER BY rowid LIMIT 1`;
    const [wrong] = await sql.rows(query);
    if (wrong)
      throw new JobFailure(`${uri}: line ${String(wrong[0])}: ${field.name} must be ${must}, got ${JSON.stringify(wrong[1] ?? "")}.`);
  }
}

function ruleOf({ name, type }: SchemaField): { must: string; holds: (column: string) => string } {
  const isOptional = Array.isArray(type) && type.includes("null");
  const kind = [type].flat().find((each) => each !== "null") ?? "string";
  const or = isOptional ? (rule: string, column: string) => `(${column} IS NULL OR ${rule})` : (rule: string) => rule;
  if (kind === "string") {
    const most = name.endsWith("_ID") ? MOST_ID_CHARACTERS : MOST_TEXT_CHARACTERS;
    return { must: `1 to ${most} characters`, holds: (column) => or(`length(${column}) BETWEEN 1 AND ${most}`, column) };
  }
  if (kind === "long" || kind === "int") {
    const whole = (column: string) => `regexp_full_match(${column}, '-?[0-9]{1,19}') AND TRY_CAST(${column} AS BIGINT) IS NOT NULL`;
    return { must: `a whole number (${kind})`, holds: (column) => or(whole(column), column) };
  }
  return { must: `a ${kind}`, holds: (column) => or(`TRY_CAST(${column} AS ${kind}) IS NOT NULL`, column) };
}
