import { castOf, typeStart } from "./casts";
import { duckdbFunction, isKeyword, LITERALS } from "./functions";
import { parser } from "./parser";
import { refuse } from "./refusals";
import { closing, is, splitAt, textOf, type Token, tokensOf } from "./tokens";

/**
 * Translates a Trino query to DuckDB's SQL: functions and casts here, syntax by polyglot. A table `"db"."t"` becomes the view of that
 * name in the schema `db`.
 *
 * @throws Error that names a function or feature whose meaning in DuckDB is not known to be the same
 */
export async function translate(query: string): Promise<string> {
  const { transpile, Dialect } = await parser();
  const { success, sql, error } = transpile(rename(tokensOf(query)), Dialect.Trino, Dialect.DuckDB, { unsupportedLevel: "raise" });
  if (!success || sql?.length !== 1) throw new Error(`the local athena cannot read the query: ${error ?? "it is no single statement"}`);
  return sql[0];
}

/** The same query with the functions and casts that DuckDB has, or that macros give it. */
function rename(tokens: readonly Token[]): string {
  const parts: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (isCall(tokens, i)) {
      const end = closing(tokens, i + 1);
      parts.push(call(tokens[i].text.toLowerCase(), tokens.slice(i + 2, end)));
      i = end;
    } else {
      refuse(tokens, i);
      parts.push(tokens[i].text);
    }
  }
  return parts.join(" ");
}

/** True for a name before a bracket that is neither a keyword, the FILTER of an aggregate, nor an alias with its columns. */
function isCall(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token.kind !== "word" || !is(tokens[index + 1], "(") || is(tokens[index - 1], "as")) return false;
  if (is(token, "filter")) return !is(tokens[index - 1], ")");
  return !isKeyword(token.text.toLowerCase());
}

function call(name: string, inside: readonly Token[]): string {
  if (name === "cast" || name === "try_cast") {
    const as = typeStart(inside);
    return castOf(name, rename(inside.slice(0, as)), inside.slice(as + 1));
  }
  if (Object.hasOwn(LITERALS, name)) {
    const { index, check } = LITERALS[name];
    const argument = splitAt(inside, ",")[index];
    if (argument?.length !== 1 || argument[0].kind !== "text")
      throw new Error(`the local athena must have argument ${index + 1} of ${name} as a literal`);
    check(textOf(argument[0]));
  }
  return `${duckdbFunction(name)}(${rename(inside)})`;
}
