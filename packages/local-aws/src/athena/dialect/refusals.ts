import { is, type Token } from "./tokens";

/** Words that have another meaning in DuckDB, none in Trino, or make a query depend on when it runs. */
const UNKNOWN = [
  ...["asof", "current_date", "current_time", "current_timestamp", "glob", "ilike", "interval", "lateral", "localtime"],
  ...["localtimestamp", "match_recognize", "pivot", "qualify", "tablesample", "unpivot"],
];

/**
 * Refuses syntax that has another meaning in DuckDB.
 *
 * @throws Error that names it
 */
export function refuse(tokens: readonly Token[], index: number): void {
  const token = tokens[index];
  const before = tokens[index - 1];
  if (token.kind === "word" && UNKNOWN.includes(token.text.toLowerCase())) throw new Error(`the local athena does not know ${token.text}`);
  if (is(token, "[") && isValue(before)) throw new Error("the local athena does not know subscripts, only element_at");
  if (is(token, "/") && !isDouble(before) && !isDouble(tokens[index + 1]))
    throw new Error("the local athena does not know a division unless one side is written as a double such as 1E3");
  if (token.kind === "text" && (is(before, "from") || is(before, "join")))
    throw new Error(`the local athena does not know the table ${token.text}`);
}

function isValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  return token.kind === "quoted" || is(token, ")") || is(token, "]") || (token.kind === "word" && !is(token, "array"));
}

function isDouble(token: Token | undefined): boolean {
  return token?.kind === "number" && /e/i.test(token.text);
}
