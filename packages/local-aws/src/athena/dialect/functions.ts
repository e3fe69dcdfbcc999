/** Keywords that may precede a bracket. */
const KEYWORDS = [
  ...["all", "and", "any", "as", "between", "by", "case", "distinct", "else", "except", "exists", "filter", "from", "having", "in"],
  ...["intersect", "is", "join", "like", "not", "on", "or", "over", "select", "sets", "then", "union", "unnest", "using", "values"],
  ...["when", "where", "with"],
];

/** Functions with the same meaning in DuckDB, or that polyglot translates. */
const SAME = [
  ...["abs", "bool_and", "bool_or", "ceil", "chr", "coalesce", "count", "dense_rank", "first_value", "floor", "greatest"],
  ...["grouping", "if", "lag", "lead", "lower", "map_keys", "max", "min", "nullif", "rank", "replace", "row_number", "sum"],
  ...["translate", "try", "upper"],
];

/** Functions with another name in DuckDB. They take a lambda or a constant, which a macro cannot. */
const RENAMED: Record<string, string> = { transform: "list_transform", filter: "list_filter", date_parse: "strptime" };

/** Functions for which a macro has Trino's semantics. */
export const MACRO_FUNCTIONS = [
  ...["array_join", "cardinality", "concat", "contains", "element_at", "from_iso8601_timestamp", "json_array_length"],
  ...["json_extract", "json_extract_scalar", "json_format", "json_parse", "length", "regexp_extract", "regexp_extract_all"],
  ...["regexp_like", "regexp_replace", "split", "strpos", "substr", "to_unixtime", "to_utf8"],
] as const;

/** Functions with an argument (index from 0) that must be a supported literal. */
export const LITERALS: Record<string, { index: number; check: (text: string) => void }> = {
  regexp_like: { index: 1, check: checkPattern },
  regexp_extract: { index: 1, check: checkPattern },
  regexp_extract_all: { index: 1, check: checkPattern },
  regexp_replace: { index: 1, check: checkPattern },
  date_parse: { index: 1, check: checkTimeFormat },
  json_extract: { index: 1, check: checkPath },
  json_extract_scalar: { index: 1, check: checkPath },
};

/** Name of a macro in DuckDB. */
export function macroName(name: string): string {
  return `trino_${name}`;
}

/** True for a keyword after which a bracket opens a list, a subquery or a window. */
export function isKeyword(name: string): boolean {
  return KEYWORDS.includes(name);
}

/**
 * The name of a Trino function in DuckDB.
 *
 * @throws Error for a function that is not known to mean the same there
 */
export function duckdbFunction(name: string): string {
  if (SAME.includes(name)) return name;
  if (Object.hasOwn(RENAMED, name)) return RENAMED[name];
  if (MACRO_FUNCTIONS.some((known) => known === name)) return macroName(name);
  throw new Error(`the local athena does not know the function ${name}`);
}

/** Java's patterns and RE2's are the same but for look-around, back references, and what these escapes and a final `$` match. */
function checkPattern(pattern: string): void {
  const plain = pattern.replaceAll(/\\\\/g, "").replaceAll(/\[\^?(?:\\.|[^\\\]])*\]/g, "[]");
  const unknown =
    /\(\?(?!:)/.exec(plain) ??
    /\\[1-9kGZQE]/.exec(plain) ??
    /[*+?}][+]/.exec(plain) ??
    /(?<!\\)\$/.exec(plain) ??
    /\\[dDwWsSbBhHvVR]/.exec(pattern);
  if (unknown) throw new Error(`the local athena does not know ${unknown[0]} in the pattern '${pattern}'`);
}

function checkTimeFormat(format: string): void {
  const unknown = format.match(/%./g)?.find((part) => !["%Y", "%m", "%d", "%H"].includes(part));
  if (unknown !== undefined) throw new Error(`the local athena does not know ${unknown} in the format '${format}'`);
}

function checkPath(path: string): void {
  if (!/^\$(?:\.[A-Za-z_]\w*)?$/.test(path)) throw new Error(`the local athena does not know the JSON path '${path}', only $ and $.member`);
}
