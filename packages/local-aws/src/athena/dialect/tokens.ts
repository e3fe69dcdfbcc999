/** A piece of SQL text: `word` is an unquoted name or keyword, `quoted` a quoted name, `text` a string literal, `mark` anything else. */
export interface Token {
  kind: "word" | "quoted" | "text" | "number" | "mark";
  /** Source text, quotes included. */
  text: string;
}

const PIECES = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|/\*[\s\S]*?\*/)`,
    "(?<text>'(?:[^']|'')*')",
    '(?<quoted>"(?:[^"]|"")+")',
    String.raw`(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)`,
    String.raw`(?<word>[A-Za-z_]\w*)`,
    String.raw`(?<mark>->|<>|!=|<=|>=|\|\||=>|[-+*/%()[\],.;=<>?])`,
  ].join("|"),
  "y",
);

/**
 * Splits SQL into its tokens; space and comments are left out.
 *
 * @throws Error that names the text that is not a token
 */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < sql.length) {
    PIECES.lastIndex = position;
    const groups = PIECES.exec(sql)?.groups;
    if (groups === undefined) throw new Error(`the local athena cannot read ${JSON.stringify(sql.slice(position, position + 20))}`);
    const [kind, text] = Object.entries(groups).find(([, piece]) => piece !== undefined) as [Token["kind"] | "space", string];
    if (kind !== "space") tokens.push({ kind, text });
    position += text.length;
  }
  return tokens;
}

/** Joins tokens to SQL text, with one space between them. */
export function sqlOf(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join(" ");
}

/** True for a keyword, an unquoted name or a mark, in any case. */
export function is(token: Token | undefined, text: string): boolean {
  return token !== undefined && (token.kind === "word" || token.kind === "mark") && token.text.toLowerCase() === text;
}

/**
 * Index of the bracket that closes the one at `open`.
 *
 * @throws Error when nothing closes it
 */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (is(tokens[i], "(") || is(tokens[i], "[")) depth += 1;
    if (is(tokens[i], ")") || is(tokens[i], "]")) depth -= 1;
    if (depth === 0) return i;
  }
  throw new Error("the local athena found a bracket that nothing closes");
}

/** Splits tokens at a separator outside all brackets. */
export function splitAt(tokens: readonly Token[], separator: string): Token[][] {
  const parts: Token[][] = [[]];
  for (let i = 0; i < tokens.length; i++) {
    if (is(tokens[i], separator)) parts.push([]);
    else {
      const end = is(tokens[i], "(") || is(tokens[i], "[") ? closing(tokens, i) : i;
      parts[parts.length - 1].push(...tokens.slice(i, end + 1));
      i = end;
    }
  }
  return parts;
}

/** The value of a string literal. */
export function textOf(token: Token): string {
  return token.text.slice(1, -1).replaceAll("''", "'");
}
