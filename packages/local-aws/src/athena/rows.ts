import type { Engine, ResultColumn } from "./engine";
import { identifier } from "./engine";
import { trinoTypeOf, type TrinoType } from "./types";

/** A result's column: its name as Athena gives it, and its type. */
export interface OutputColumn extends TrinoType {
  name: string;
}

/** A query's rows, whatever its columns are called. */
export interface Rows {
  columns: OutputColumn[];
  /** The columns' values as texts, in SQL over `from`. */
  texts: string[];
  /** The columns' values in their types, in SQL over `from`. */
  values: string[];
  /** FROM clause. */
  from: string;
}

/**
 * Prepares a query.
 *
 * @param query DuckDB's SQL
 * @param written the query as it was given, where quoted names are told from expressions
 * @throws QueryFailure when it is not valid or a column has a type that is not known here
 */
export async function prepare(engine: Engine, query: string, written: string): Promise<Rows> {
  const found = await engine.columns(query);
  const names = found.map((_, i) => `c${i}`);
  const columns = found.map((column, i) => ({ name: nameOf(column, i, written), ...trinoTypeOf(column.type) }));
  const values = found.map(({ type }, i) => (type === "HUGEINT" ? `CAST(${names[i]} AS BIGINT)` : names[i]));
  return { columns, values, texts: values.map((value) => `CAST(${value} AS VARCHAR)`), from: `FROM (${query}) AS r(${names.join(", ")})` };
}

/** What has no name is `_col` and its place: DuckDB names it by its expression. */
function nameOf({ name }: ResultColumn, i: number, written: string): string {
  return /^[a-z_]\w*$/i.test(name) || written.includes(identifier(name)) ? name : `_col${i}`;
}
