import { QueryFailure } from "./failure";

/** DuckDB's types by Hive's: https://docs.aws.amazon.com/athena/latest/ug/data-types.html */
const DUCK: Record<string, string> = {
  string: "VARCHAR",
  boolean: "BOOLEAN",
  tinyint: "TINYINT",
  smallint: "SMALLINT",
  int: "INTEGER",
  bigint: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMP",
  "map<string,double>": "MAP(VARCHAR, DOUBLE)",
};

/** Trino's types by DuckDB's, where a result may have them. */
const TRINO: Record<string, string> = {
  VARCHAR: "varchar",
  BOOLEAN: "boolean",
  TINYINT: "tinyint",
  SMALLINT: "smallint",
  INTEGER: "integer",
  BIGINT: "bigint",
  HUGEINT: "bigint",
  FLOAT: "real",
  DOUBLE: "double",
  DATE: "date",
  TIMESTAMP: "timestamp",
  "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
};
const DECIMAL = /^DECIMAL\((\d+),(\d+)\)$/;

/** A column as GetQueryResults describes it. */
export interface TrinoType {
  type: string;
  precision: number;
  scale: number;
}

/**
 * DuckDB's type for a column of a table.
 *
 * @throws QueryFailure naming an unsupported type
 */
export function duckTypeOf(hive: string): string {
  const known = DUCK[hive.toLowerCase()];
  if (known === undefined) throw new QueryFailure("user", `NOT_SUPPORTED: the local athena does not know the column type ${hive}`);
  return known;
}

/**
 * The type that a result's column has on AWS; a sum has a wider type in DuckDB than in Trino.
 *
 * @throws QueryFailure naming an unsupported type
 */
export function trinoTypeOf(duck: string): TrinoType {
  const [, precision, scale] = DECIMAL.exec(duck) ?? [];
  if (precision !== undefined) return { type: "decimal", precision: Number(precision), scale: Number(scale) };
  const type = TRINO[duck];
  if (type === undefined) throw new QueryFailure("user", `NOT_SUPPORTED: the local athena does not know the result type ${duck}`);
  return { type, precision: PRECISIONS[type] ?? 0, scale: 0 };
}

const PRECISIONS: Record<string, number> = {
  varchar: 2_147_483_647,
  tinyint: 3,
  smallint: 5,
  integer: 10,
  bigint: 19,
  real: 17,
  double: 17,
};
