import { parser } from "./parser";

/** A node of a query's syntax tree; its members are checked where they are used. */
export type Node = Record<string, unknown>;

/**
 * @returns all nodes of a Trino query's syntax tree
 * @throws Error when the query cannot be parsed
 */
export async function nodesOf(query: string): Promise<Node[]> {
  const { parse, Dialect } = await parser();
  const { success, ast, error } = parse(query, Dialect.Trino);
  if (!success) throw new Error(`the local athena cannot read the query: ${error}`);
  const nodes: Node[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (isNode(value)) nodes.push(value);
    for (const member of Object.values(value)) visit(member);
  };
  visit(ast);
  return nodes;
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
