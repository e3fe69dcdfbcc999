import type { Engine, ResultColumn } from "./engine";
import { identifier } from "./engine";
import { trinoTypeOf, type TrinoType } from "./types";

/** A result's column: its name in Athena and its type. */
export interface OutputColumn extends TrinoType {
  name: string;
}

/** A query's rows, independent of its columns' names. */
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
 * @param written the original query, in which quoted names differ from expressions
 * @throws QueryFailure when it is not valid or a column has an unsupported type
 */
export async function prepare(engine: Engine, query: string, written: string): Promise<Rows> {
  const found = await engine.columns(query);
  const names = found.map((_, i) => `c${i}`);
  const columns = found.map((column, i) => ({ name: nameOf(column, i, written), ...trinoTypeOf(column.type) }));
  const values = found.map(({ type }, i) => (type === "HUGEINT" ? `CAST(${names[i]} AS BIGINT)` : names[i]));
  return { columns, values, texts: values.map((value) => `CAST(${value} AS VARCHAR)`), from: `FROM (${query}) AS r(${names.join(", ")})` };
}

/** A column without a name is `_col` and its index; DuckDB names it after its expression. */
function nameOf({ name }: ResultColumn, i: number, written: string): string {
  return /^[a-z_]\w*$/i.test(name) || written.includes(identifier(name)) ? name : `_col${i}`;
}
