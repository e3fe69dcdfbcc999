import { identifier, literal } from "./engine";
import { QueryFailure } from "./failure";
import { duckTypeOf } from "./types";

/** A column or a partition key with its Hive type. */
export interface Column {
  name: string;
  type: string;
}

/** How a table's objects are read. */
export type Format =
  | { kind: "parquet" }
  /** One text column a line. */
  | { kind: "lines" }
  /** One JSON object a line. */
  | { kind: "json" }
  /** CSV; `skip` lines at the start of each object are no rows. */
  | { kind: "csv"; fields: string; skip: number };

/** A SerDe as Glue describes it, with the table's parameters. */
export interface SerDe {
  library?: string;
  parameters: Record<string, string>;
  table: Record<string, string>;
}

const JSON_LINES = "org.apache.hive.hcatalog.data.JsonSerDe";
const REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe";
const PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const DELIMITED = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const QUOTED = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
const WHOLE_LINE = "(?s)(.*)";

/** A field of OpenCSVSerde in quotes, where a quote is doubled or follows a backslash, or without any. */
const QUOTED_FIELD = String.raw`"(?:[^"\\]|\\.|"")*"|[^",]*`;
const QUOTED_FIELDS = [
  `CASE WHEN NOT regexp_full_match(line, ${literal(`(?s)(?:${QUOTED_FIELD})(?:,(?:${QUOTED_FIELD}))*`)})`,
  `THEN error('NOT_SUPPORTED: the local athena does not know how OpenCSVSerde reads the line ' || line)`,
  `ELSE list_transform(regexp_extract_all(line || ',', ${literal(`(?s)(${QUOTED_FIELD}),`)}, 1), field -> CASE WHEN field LIKE '"%'`,
  String.raw`THEN regexp_replace(substr(field, 2, length(field) - 2), '\\(["\\])|"(")', '\1\2', 'g') ELSE field END) END`,
].join(" ");

/** Parameters that each SerDe knows, with the values that are known here; any value where there is none. */
const KNOWN: Record<string, Record<string, string | undefined>> = {
  [DELIMITED]: { "field.delim": undefined, "serialization.format": undefined, "line.delim": "\n", "serialization.null.format": "\\N" },
  [JSON_LINES]: {},
  [QUOTED]: { separatorChar: ",", quoteChar: '"', escapeChar: "\\", "serialization.format": undefined },
};

/** @throws QueryFailure naming the SerDe, or its parameter, that is not known here */
export function formatOf(table: string, { library = "", parameters, table: properties }: SerDe, columns: readonly Column[]): Format {
  const unknown = (what: string): QueryFailure =>
    new QueryFailure("user", `NOT_SUPPORTED: Table ${table}: the local athena does not know the SerDe ${library}${what}`);
  if (library === PARQUET) return { kind: "parquet" };
  if (library === REGEX) {
    const pattern = parameters["input.regex"];
    if (pattern === WHOLE_LINE && columns.length === 1) return { kind: "lines" };
    throw unknown(` with input.regex ${pattern} and ${columns.length} columns`);
  }
  const known = KNOWN[library];
  if (known === undefined) throw unknown("");
  for (const [name, value] of Object.entries(parameters)) {
    if (!Object.hasOwn(known, name) || (known[name] !== undefined && known[name] !== value)) throw unknown(` with ${name} ${value}`);
  }
  if (library === JSON_LINES) return { kind: "json" };
  const skip = Number(properties["skip.header.line.count"] ?? 0);
  if (library === DELIMITED) {
    return { kind: "csv", skip, fields: `string_split(line, ${literal(parameters["field.delim"] ?? "\u0001")})` };
  }
  const other = columns.find(({ type }) => type !== "string");
  if (other) throw unknown(` with column ${other.name} of type ${other.type}`);
  return { kind: "csv", skip, fields: QUOTED_FIELDS };
}

/**
 * The rows of a table of JSON objects: members by the columns' names. A line that is no JSON fails the query, as Hive's SerDe does.
 *
 * @param lines query of the columns `line` and `"object id"`
 */
export function jsonRows(lines: string, columns: readonly Column[]): string {
  const selected = columns.map(({ name, type }) => {
    const duck = duckTypeOf(type);
    const value = duck === "VARCHAR" ? `object ->> ${literal(name)}` : `CAST(object -> ${literal(name)} AS ${duck})`;
    return `${value} AS ${identifier(name)}`;
  });
  return `SELECT ${selected.join(", ")}, "object id" FROM (SELECT CAST(line AS JSON) AS object, "object id" FROM (${lines}))`;
}

/**
 * The rows of a CSV table: a field that is missing, is `\N` or does not fit its column's type is NULL, and fields beyond the columns
 * are dropped.
 *
 * @param lines query of the columns `line` and `"object id"`
 */
export function csvRows(lines: string, fields: string, columns: readonly Column[]): string {
  const selected = columns.map(
    ({ name, type }, i) => `TRY_CAST(nullif(fields[${i + 1}], '\\N') AS ${duckTypeOf(type)}) AS ${identifier(name)}`,
  );
  return `SELECT ${selected.join(", ")}, "object id" FROM (SELECT ${fields} AS fields, "object id" FROM (${lines}))`;
}
