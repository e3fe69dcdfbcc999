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
  /** One text column per line. */
  | { kind: "lines" }
  /** One JSON object per line. */
  | { kind: "json" };

/** A SerDe as Glue describes it. */
export interface SerDe {
  library?: string;
  parameters: Record<string, string>;
}

const JSON_LINES = "org.apache.hive.hcatalog.data.JsonSerDe";
const REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe";
const PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const WHOLE_LINE = "(?s)(.*)";

/** @throws QueryFailure naming the SerDe, or its parameter, that is not supported */
export function formatOf(table: string, { library = "", parameters }: SerDe, columns: readonly Column[]): Format {
  const unknown = (what: string): QueryFailure =>
    new QueryFailure("user", `NOT_SUPPORTED: Table ${table}: the local athena does not know the SerDe ${library}${what}`);
  if (library === PARQUET) return { kind: "parquet" };
  if (library === REGEX) {
    const pattern = parameters["input.regex"];
    if (pattern === WHOLE_LINE && columns.length === 1) return { kind: "lines" };
    throw unknown(` with input.regex ${pattern} and ${columns.length} columns`);
  }
  if (library !== JSON_LINES) throw unknown("");
  const [parameter] = Object.keys(parameters);
  if (parameter !== undefined) throw unknown(` with ${parameter} ${parameters[parameter]}`);
  return { kind: "json" };
}

/**
 * The rows of a table of JSON objects: members by the columns' names. A line that is not JSON fails the query, as Hive's SerDe does.
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
