import { parser } from "./parser";

/** A node of a query's syntax tree; its members are checked where they are used. */
export type Node = Record<string, unknown>;

/**
 * @returns the syntax tree of a Trino query
 * @throws Error when the query cannot be parsed
 */
export async function syntaxTree(query: string): Promise<unknown> {
  const { parse, Dialect } = await parser();
  const { success, ast, error } = parse(query, Dialect.Trino);
  if (!success) throw new Error(`the local athena cannot read the query: ${error}`);
  return ast;
}

/** All nodes below a value, itself among them. */
export function nodesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  return isNode(value) ? [value, ...Object.values(value).flatMap(nodesOf)] : [];
}

/** An identifier's name as Trino compares it: in lower case unless it is quoted. */
export function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (typeof value.name !== "string") return nameOf(value.name);
  return value.quoted === true ? value.name : value.name.toLowerCase();
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
