import * as polyglot from "@polyglot-sql/sdk";

/** A table that a query reads, without quotes. */
export interface TableName {
  database: string;
  table: string;
}

type Node = { [key: string]: unknown };

/**
 * The tables that a query reads, each once, without its common table expressions.
 *
 * @throws Error for a query that is no Trino SQL, or a table without its database or with a catalog
 */
export async function tablesOf(query: string): Promise<TableName[]> {
  await polyglot.init();
  const { success, ast, error } = polyglot.parse(query, polyglot.Dialect.Trino);
  if (!success) throw new Error(`the local athena cannot read the query: ${error}`);
  const nodes = nodesOf(ast);
  const expressions = nodes.flatMap(({ ctes }) => (Array.isArray(ctes) ? (ctes as Node[]) : [])).map(({ alias }) => nameOf(alias));
  const tables = new Map<string, TableName>();
  for (const { table } of nodes) {
    if (!isNode(table) || !isNode(table.name)) continue;
    const [name, database, catalog] = [nameOf(table.name), nameOf(table.schema), nameOf(table.catalog)];
    if (database === undefined && expressions.includes(name)) continue;
    if (name === undefined || database === undefined || catalog !== undefined)
      throw new Error(
        `the local athena must have a table as "database"."table", got ${[catalog, database, name].filter(Boolean).join(".")}`,
      );
    tables.set(JSON.stringify([database, name]), { database, table: name });
  }
  return [...tables.values()];
}

/** All objects below a value. */
function nodesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  return isNode(value) ? [value, ...Object.values(value).flatMap(nodesOf)] : [];
}

function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (typeof value.name !== "string") return nameOf(value.name);
  return value.quoted === true ? value.name : value.name.toLowerCase();
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
