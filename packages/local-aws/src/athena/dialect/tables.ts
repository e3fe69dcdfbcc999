import { isNode, nameOf, type Node } from "./syntaxTree";

/** A table that a query reads, without quotes. */
export interface TableName {
  database: string;
  table: string;
}

/**
 * The tables that a query reads, each once, without its common table expressions.
 *
 * @param nodes of the query's syntax tree
 * @param context default database
 * @throws Error for a table without a database or with a catalog
 */
export function tablesOf(nodes: readonly Node[], context?: string): TableName[] {
  const expressions = nodes.flatMap(({ ctes }) => (Array.isArray(ctes) ? (ctes as Node[]) : [])).map(({ alias }) => nameOf(alias));
  const tables = new Map<string, TableName>();
  for (const { table } of nodes) {
    if (!isNode(table) || !isNode(table.name)) continue;
    const [name, own, catalog] = [nameOf(table.name), nameOf(table.schema), nameOf(table.catalog)];
    if (own === undefined && expressions.includes(name)) continue;
    const database = own ?? context;
    if (name === undefined || database === undefined || catalog !== undefined)
      throw new Error(
        `the local athena must have a table as "database"."table", got ${[catalog, database, name].filter(Boolean).join(".")}`,
      );
    tables.set(JSON.stringify([database, name]), { database, table: name });
  }
  return [...tables.values()];
}
