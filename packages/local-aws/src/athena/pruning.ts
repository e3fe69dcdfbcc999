import { isNode, nameOf, type Node, type TableName } from "./dialect";
import type { Wanted } from "./tables";

/** Whether a partition key's value can satisfy a comparison with a literal. */
interface Comparison {
  key: string;
  holds: (value: string) => boolean;
}

const HOLDS: Record<string, (order: number) => boolean> = {
  eq: (order) => order === 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
};

/**
 * Selects the partitions that a query can need: those that satisfy the comparisons with texts in the WHERE of every SELECT from the
 * table alone. All partitions when the query reads the table in another way.
 *
 * @param nodes of the query's syntax tree
 */
export function partitionsOf(nodes: readonly Node[], table: TableName): Wanted {
  const isTable = (node: unknown): boolean =>
    isNode(node) && isNode(node.name) && nameOf(node.name) === table.table && nameOf(node.schema) === table.database;
  const read = nodes.filter((node) => isTable(node.table)).length;
  const selects = nodes.flatMap(({ select }) => (isNode(select) ? comparisonsOf(select, isTable) : []));
  if (read === 0 || selects.length < read) return () => true;
  return (keys, values) =>
    selects.some((comparisons) => comparisons.every(({ key, holds }) => !keys.includes(key) || holds(values[keys.indexOf(key)])));
}

/** The comparisons that every row of a SELECT satisfies; only for a SELECT from the table alone. */
function comparisonsOf(select: Node, isTable: (node: unknown) => boolean): Comparison[][] {
  const from = isNode(select.from) ? select.from.expressions : undefined;
  const [source, ...others] = Array.isArray(from) ? (from as Node[]) : [];
  const alone = isNode(source) && isTable(source.table) && others.length === 0 && isEmpty(select.joins) && isEmpty(select.lateral_views);
  const renamed = isNode(source) && isNode(source.table) && !isEmpty(source.table.column_aliases);
  if (!alone || renamed) return [];
  return [isNode(select.where_clause) ? conjuncts(select.where_clause.this).flatMap(comparisonOf) : []];
}

function conjuncts(condition: unknown): unknown[] {
  if (!isNode(condition)) return [];
  if (isNode(condition.and)) return [...conjuncts(condition.and.left), ...conjuncts(condition.and.right)];
  return isNode(condition.paren) ? conjuncts(condition.paren.this) : [condition];
}

function comparisonOf(condition: unknown): Comparison[] {
  const [operator, sides] = isNode(condition) ? Object.entries(condition)[0] : [];
  if (operator === undefined || !Object.hasOwn(HOLDS, operator) || !isNode(sides)) return [];
  const { left, right } = sides;
  const column = isNode(left) && isNode(left.column) ? nameOf(left.column.name) : undefined;
  const literal = isNode(right) && isNode(right.literal) && right.literal.literal_type === "string" ? right.literal.value : undefined;
  if (column === undefined || typeof literal !== "string") return [];
  return [{ key: column, holds: (value) => HOLDS[operator](Buffer.compare(Buffer.from(value), Buffer.from(literal))) }];
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0);
