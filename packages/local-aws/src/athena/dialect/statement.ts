import { closing, is, splitAt, sqlOf, textOf, type Token, tokensOf } from "./tokens";

/** One Athena statement: a query, or UNLOAD of a query's rows to S3. */
export type Statement =
  | { kind: "select"; query: string }
  | { kind: "unload"; query: string; destination: string; format: "PARQUET" | "TEXTFILE"; compression: "NONE" | "GZIP" | "SNAPPY" };

/** Formats of UNLOAD with their compressions; `usual` is the default: https://docs.aws.amazon.com/athena/latest/ug/unload.html */
const FORMATS = {
  PARQUET: { usual: "GZIP", known: ["GZIP", "SNAPPY"] },
  TEXTFILE: { usual: "GZIP", known: ["GZIP", "NONE"] },
} as const;

/**
 * Parses one statement; comments are left out.
 *
 * @throws Error that names what is not supported
 */
export function parseStatement(sql: string): Statement {
  const tokens = tokensOf(sql);
  if (is(tokens.at(-1), ";")) tokens.pop();
  if (tokens.some((token) => is(token, ";"))) throw new Error("the local athena takes one statement at a time");
  if (is(tokens[0], "unload")) return unload(tokens);
  if (is(tokens[0], "select") || is(tokens[0], "with")) return { kind: "select", query: sqlOf(tokens) };
  throw new Error(`the local athena does not know the statement ${tokens[0]?.text ?? "without any text"}`);
}

function unload(tokens: readonly Token[]): Statement {
  if (!is(tokens[1], "(")) throw malformed("a query in brackets");
  const end = closing(tokens, 1);
  const [to, destination, ...rest] = tokens.slice(end + 1);
  if (!is(to, "to") || destination?.kind !== "text") throw malformed("TO and a location in quotes");
  const properties = propertiesOf(rest);
  const format = one("format", properties.format ?? "", Object.keys(FORMATS) as (keyof typeof FORMATS)[]);
  const { usual, known } = FORMATS[format];
  const compression = one("compression", properties.compression ?? usual, known);
  return { kind: "unload", query: sqlOf(tokens.slice(2, end)), destination: textOf(destination), format, compression };
}

function propertiesOf(rest: readonly Token[]): Record<string, string | undefined> {
  if (!is(rest[0], "with") || !is(rest[1], "(") || closing(rest, 1) !== rest.length - 1) throw malformed("WITH (format = ...) at its end");
  const entries = splitAt(rest.slice(2, -1), ",").map((property) => {
    const [name, equals, value] = property;
    if (property.length !== 3 || !is(equals, "=") || value.kind !== "text") throw malformed("properties such as format = 'PARQUET'");
    if (!is(name, "format") && !is(name, "compression")) throw new Error(`the local athena does not know the UNLOAD property ${name.text}`);
    return [name.text.toLowerCase(), textOf(value).toUpperCase()];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function one<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((choice) => choice === value);
  if (found === undefined)
    throw new Error(`the local athena does not know the UNLOAD ${name} ${JSON.stringify(value)}, only ${known.join(", ")}`);
  return found;
}

function malformed(missing: string): Error {
  return new Error(`UNLOAD must have ${missing}`);
}
