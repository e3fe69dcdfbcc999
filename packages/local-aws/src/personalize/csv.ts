import { open } from "node:fs/promises";
import { identifier, literal } from "../athena/engine";
import { checkEventTypes, type SchemaField, type Sql } from "./interactions";
import { JobFailure } from "./lifecycle";

/** Minimum rows of an import job: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const LEAST_ROWS = 1000;
const MOST_ID_CHARACTERS = 256;
const MOST_TEXT_CHARACTERS = 1000;
const HEADER_BYTES = 65_536;
const SHOWN_CHARACTERS = 300;

/** Errors of DuckDB, and what the file must be instead. */
const PROBLEMS: [pattern: RegExp, rule: (found: RegExpExecArray) => string][] = [
  [/Expected Number of Columns: (\d+) Found: (\d+)/, ([, expected, found]) => `have ${expected} values, as the header does, got ${found}`],
  [/unterminated quote/, () => "close its quotes"],
  [/Invalid unicode/, () => "be UTF-8"],
  [/Maximum line size/, () => "be shorter: it is over 2 MB"],
];

/** A file of an import job. */
export interface CsvFile {
  /** S3 address. */
  uri: string;
  /** Absolute path. */
  file: string;
}

/**
 * Checks files against the schema and converts them to one Parquet file with the columns user_id, item_id, timestamp and event_type.
 * DuckDB reads the files twice, because a table of their rows would take as much memory as they are large.
 *
 * @param target absolute path of the Parquet file
 * @throws JobFailure naming file, line, column, rule and value of the first invalid row (a line break within quotes does not count as a
 * line), or the quota that the rows break
 */
export async function convertRows(sql: Sql, files: readonly CsvFile[], fields: readonly SchemaField[], target: string): Promise<void> {
  const sources: string[] = [];
  let rows = 0;
  for (const each of files) {
    const source = readCsv(each.file, await readHeader(each, fields));
    rows += await checkRows(sql, each.uri, source, fields);
    sources.push(source);
  }
  if (rows < LEAST_ROWS) throw new JobFailure(`${files[0].uri}: there must be at least ${LEAST_ROWS} rows, got ${rows}.`);
  const type = fields.some(({ name }) => name === "EVENT_TYPE") ? "EVENT_TYPE" : "NULL";
  const columns = "USER_ID AS user_id, ITEM_ID AS item_id, CAST(TIMESTAMP AS BIGINT) AS timestamp";
  const selects = sources.map((source) => `SELECT ${columns}, CAST(${type} AS VARCHAR) AS event_type FROM ${source}`);
  await sql.run(`COPY (${selects.join(" UNION ALL ")}) TO ${literal(target)} (FORMAT parquet)`);
  const [[eventTypes]] = await sql.rows(`SELECT count(DISTINCT event_type) FROM read_parquet(${literal(target)})`);
  checkEventTypes(files[0].uri, Number(eventTypes), fields);
}

async function readHeader({ uri, file }: CsvFile, fields: readonly SchemaField[]): Promise<string[]> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const names = buffer.toString("utf8", 0, bytesRead).split(/\r?\n/, 1)[0].split(",");
    const missing = fields.find(({ name }) => !names.includes(name));
    if (missing)
      throw new JobFailure(`${uri}: the header must have the column ${missing.name} of the schema, it is "${excerpt(names.join(","))}".`);
    const unknown = names.find((name) => !fields.some((field) => field.name === name));
    if (unknown !== undefined) throw new JobFailure(`${uri}: the header must have columns of the schema alone, got "${excerpt(unknown)}".`);
    if (names.length > fields.length)
      throw new JobFailure(`${uri}: the header must have each column once, it is "${excerpt(names.join(","))}".`);
    return names;
  } finally {
    await handle.close();
  }
}

function readCsv(file: string, names: readonly string[]): string {
  const columns = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ");
  return `read_csv(${literal(file)}, columns = {${columns}}, header = true, delim = ',', quote = '"', escape = '"', auto_detect = false)`;
}

/** @returns number of rows */
async function checkRows(sql: Sql, uri: string, source: string, fields: readonly SchemaField[]): Promise<number> {
  const rules = fields.map((field) => ({ name: field.name, ...ruleOf(field) }));
  const failures = rules.map(({ name, holds }) => `NOT coalesce(${holds(identifier(name))}, false)`);
  const counted = await sql
    .rows(`SELECT count(*), count(*) FILTER (WHERE ${failures.join(" OR ")}) FROM ${source}`)
    .catch((error: Error) => {
      throw error.message.includes("CSV") ? new JobFailure(`${uri}: ${csvProblem(error.message)}`) : error;
    });
  const [rows, wrong] = counted[0].map(Number);
  if (wrong === 0) return rows;
  const numbered = `SELECT row_number() OVER () + 1 AS line, * FROM ${source}`;
  const which = `CASE ${failures.map((failure, i) => `WHEN ${failure} THEN ${i}`).join(" ")} END AS which`;
  const values = fields.map(({ name }) => identifier(name)).join(", ");
  const [[line, index, ...cells]] = await sql.rows(
    `SELECT line, ${which}, ${values} FROM (${numbered}) WHERE which IS NOT NULL ORDER BY line LIMIT 1`,
  );
  const { name, must } = rules[Number(index)];
  const value = excerpt(JSON.stringify(cells[Number(index)] ?? ""));
  throw new JobFailure(`${uri}: line ${String(line)}: ${name} must be ${must}, got ${value}.`);
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
    const whole = (column: string) => `regexp_full_match(${column}, '-?[0-9]{1,19}') AND TRY_CAST(${column} AS ${kind}) IS NOT NULL`;
    return { must: `a whole number (${kind})`, holds: (column) => or(whole(column), column) };
  }
  return { must: `a ${kind}`, holds: (column) => or(`TRY_CAST(${column} AS ${kind}) IS NOT NULL`, column) };
}

/** @param message error of DuckDB */
function csvProblem(message: string): string {
  const [, number] = /CSV Error on Line: (\d+)/.exec(message) ?? [];
  const line = number === undefined ? "it" : `line ${number}`;
  for (const [pattern, rule] of PROBLEMS) {
    const found = pattern.exec(message);
    if (found) return `${line} must ${rule(found)}.`;
  }
  return `${line} must be CSV, with line ends of one kind.`;
}

/** The beginning of a text of the file. */
function excerpt(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
