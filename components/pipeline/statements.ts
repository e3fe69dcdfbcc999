import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Expression, jsonata } from "./states";

/**
 * Value of a statement's parameter: a string literal, an identifier, an array of strings, a boolean, SQL with parameters of its own, or
 * a JSONata expression whose result, at run time, is the text of a string literal.
 */
export type SqlValue =
  { text: string } | { identifier: string } | { list: readonly string[] } | { flag: boolean } | { fragment: string } | { jsonata: string };

/** Values by parameter. */
export type SqlValues = Record<string, SqlValue>;

type Piece = string | { jsonata: string };

const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*\n?|::|:([a-z_]+)/g;

/**
 * Reads a statement from `sql/`.
 *
 * @param name file name without `.sql`
 */
export function readStatement(name: string): string {
  return readFileSync(join(__dirname, "../../sql", `${name}.sql`), "utf8");
}

/**
 * Fills in a statement's named parameters (`:name`, outside of quotes) and removes its comments.
 *
 * @throws Error naming a parameter without a value, a value without a parameter, or a JSONata expression
 */
export function renderStatement(text: string, values: SqlValues): string {
  return pieces(text, values)
    .map((piece) => {
      if (typeof piece === "string") return piece;
      throw new Error(`statement must have plain values, got the expression ${piece.jsonata}`);
    })
    .join("");
}

/**
 * Renders a statement as a JSONata expression for a state machine. The results of expressions among the values must hold no quote,
 * because nothing escapes it.
 *
 * @throws Error naming a parameter without a value, or a value without a parameter
 */
export function statementExpression(text: string, values: SqlValues): Expression {
  const parts = pieces(text, values).map((piece) => (typeof piece === "string" ? JSON.stringify(piece) : `(${piece.jsonata})`));
  return jsonata(parts.join(" & "));
}

function pieces(text: string, values: SqlValues): Piece[] {
  const used = new Set<string>();
  const found = joinTexts(fill(text.trim(), values, used));
  const unused = Object.keys(values).find((name) => !used.has(name));
  if (unused !== undefined) throw new Error(`statement has no parameter :${unused}`);
  return found;
}

function fill(text: string, values: SqlValues, used: Set<string>): Piece[] {
  const filled: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [token, name] = match;
    filled.push(text.slice(end, match.index));
    end = match.index + token.length;
    if (name !== undefined) filled.push(...literal(name, values, used));
    else if (!token.startsWith("--")) filled.push(token);
  }
  return [...filled, text.slice(end)];
}

function literal(name: string, values: SqlValues, used: Set<string>): Piece[] {
  const value = values[name];
  if (value === undefined) throw new Error(`statement needs a value for :${name}`);
  used.add(name);
  if ("text" in value) return [quoted(value.text)];
  if ("identifier" in value) return [`"${value.identifier.replaceAll('"', '""')}"`];
  if ("flag" in value) return [value.flag ? "TRUE" : "FALSE"];
  if ("fragment" in value) return fill(value.fragment.trim(), values, used);
  if ("jsonata" in value) return ["'", value, "'"];
  return [value.list.length === 0 ? "CAST(ARRAY[] AS array(varchar))" : `ARRAY[${value.list.map(quoted).join(", ")}]`];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Joins adjacent texts. */
function joinTexts(found: Piece[]): Piece[] {
  return found.reduce<Piece[]>((joined, piece) => {
    const last = joined.at(-1);
    if (typeof piece === "string" && typeof last === "string") joined[joined.length - 1] = last + piece;
    else joined.push(piece);
    return joined;
  }, []);
}
