import { randomBytes } from "node:crypto";

/** What follows a prefix that has no timestamp expression. */
const DEFAULT_SUFFIX = "!{timestamp:yyyy/MM/dd/HH/}";
const EXPRESSION = /!\{([^}]*)\}?/g;
/** A quoted text, a run of one letter, or anything else, as Java's DateTimeFormatter reads a pattern. */
const PATTERN = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']/g;

const FIELDS: Record<string, (iso: string) => string> = {
  yyyy: (iso) => iso.slice(0, 4),
  MM: (iso) => iso.slice(5, 7),
  dd: (iso) => iso.slice(8, 10),
  HH: (iso) => iso.slice(11, 13),
  mm: (iso) => iso.slice(14, 16),
  ss: (iso) => iso.slice(17, 19),
};

/**
 * Compiles an S3 prefix with its expressions; times are in UTC.
 *
 * @returns the prefix of an object whose oldest record arrived at a time (epoch milliseconds)
 * @see https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
 * @throws Error naming an expression that is not known here
 */
export function compilePrefix(prefix: string): (arrivedAt: number) => string {
  const parts = split(/!\{timestamp:/.test(prefix) ? prefix : prefix + DEFAULT_SUFFIX).map((part): ((iso: string) => string) => {
    if (!part.expression) return () => part.text;
    if (part.text.startsWith("timestamp:")) return compilePattern(part.text.slice("timestamp:".length));
    if (part.text === "firehose:random-string") return randomString;
    throw new Error(`prefix must have expressions timestamp or firehose:random-string, got !{${part.text}}`);
  });
  return (arrivedAt) => {
    const iso = new Date(arrivedAt).toISOString();
    return parts.map((part) => part(iso)).join("");
  };
}

/**
 * Checks the prefix of records that failed. None do here: they come from a Kinesis stream and go to S3 as they are.
 *
 * @throws Error naming an expression that is not known, or that error-output-type is missing
 */
export function checkErrorPrefix(prefix: string): void {
  const expressions = split(prefix).filter(({ expression }) => expression);
  for (const { text } of expressions) {
    if (text.startsWith("timestamp:")) compilePattern(text.slice("timestamp:".length));
    else if (text !== "firehose:random-string" && text !== "firehose:error-output-type") {
      throw new Error(
        `errorOutputPrefix must have expressions timestamp, firehose:random-string or firehose:error-output-type, got !{${text}}`,
      );
    }
  }
  if (expressions.length > 0 && !expressions.some(({ text }) => text === "firehose:error-output-type")) {
    throw new Error(`errorOutputPrefix must have !{firehose:error-output-type} when it has expressions, got ${prefix}`);
  }
}

/** Whether a prefix has expressions. */
export const hasExpressions = (prefix: string): boolean => prefix.includes("!{");

/**
 * Compiles a date pattern.
 *
 * @throws Error naming a field that is not among yyyy, MM, dd, HH, mm and ss
 */
export function compilePattern(pattern: string): (iso: string) => string {
  const matched = [...pattern.matchAll(PATTERN)];
  if (pattern === "" || matched.map(([token]) => token).join("") !== pattern)
    throw new Error(`timestamp must have a date pattern, got "${pattern}"`);
  const parts = matched.map(([token, quoted, letter]): ((iso: string) => string) => {
    if (quoted !== undefined) return () => (quoted === "" ? "'" : quoted.replaceAll("''", "'"));
    if (letter === undefined) return () => token;
    if (!Object.hasOwn(FIELDS, token))
      throw new Error(`timestamp must have the fields ${Object.keys(FIELDS).join(", ")}, got ${token} in "${pattern}"`);
    return FIELDS[token];
  });
  return (iso) => parts.map((part) => part(iso)).join("");
}

function split(prefix: string): { text: string; expression: boolean }[] {
  const parts: { text: string; expression: boolean }[] = [];
  let from = 0;
  for (const match of prefix.matchAll(EXPRESSION)) {
    if (!match[0].endsWith("}")) throw new Error(`a prefix must close its expressions with }, got ${prefix}`);
    parts.push({ text: prefix.slice(from, match.index), expression: false }, { text: match[1], expression: true });
    from = match.index + match[0].length;
  }
  return [...parts, { text: prefix.slice(from), expression: false }].filter(({ text, expression }) => expression || text !== "");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const randomString = (): string => [...randomBytes(11)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
