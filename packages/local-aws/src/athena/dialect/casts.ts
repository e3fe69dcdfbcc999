import { macroName } from "./functions";
import { is, type Token } from "./tokens";

/** Macros with Trino's semantics of a cast, by target type. */
const MACRO_CASTS = {
  bigint: "bigint",
  integer: "integer",
  double: "double",
  varchar: "varchar",
  json: "json",
  "array(json)": "json_array",
  "map(varchar,json)": "json_map",
} as const;

/** Casts of literals, which cannot fail. */
const PLAIN_CASTS = ["array(varchar)", "array(bigint)", "array(integer)"];

/**
 * A CAST or TRY_CAST in DuckDB.
 *
 * @param value the translated value
 * @param type tokens of the target type
 * @throws Error for an unsupported type
 */
export function castOf(keyword: "cast" | "try_cast", value: string, type: readonly Token[]): string {
  const name = type.map(({ text }) => text.toLowerCase()).join("");
  if (PLAIN_CASTS.includes(name)) return `${keyword}(${value} AS ${name})`;
  if (isNull(value)) return `CAST(NULL AS ${name})`;
  if (!Object.hasOwn(MACRO_CASTS, name)) throw new Error(`the local athena does not know a cast to ${name}`);
  return `${castMacro(keyword, MACRO_CASTS[name as keyof typeof MACRO_CASTS])}(${value})`;
}

/** Name of the macro for a cast. */
export function castMacro(keyword: "cast" | "try_cast", target: string): string {
  return macroName(`${keyword}_${target}`);
}

/** Index of the AS between value and type, in the tokens between a cast's brackets. */
export function typeStart(tokens: readonly Token[]): number {
  return tokens.findLastIndex((token) => is(token, "as"));
}

function isNull(value: string): boolean {
  return value.trim().toLowerCase() === "null";
}
