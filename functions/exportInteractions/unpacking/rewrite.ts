const LF = 10;
const CR = 13;
/** Far more than a line of two ids has: whatever is longer is no header. */
const MOST_LINE_BYTES = 65_536;

/** Takes a part's bytes as they come and gives lines as the export has them. */
export interface Rewriter {
  push(chunk: Buffer): Buffer[];
  /** What is left, with the line end that the last line may lack. */
  end(): Buffer[];
  /** Header lines that were left out so far: 0 or 1. */
  headerLines(): number;
}

/**
 * Drops the header line that a part may have, and every CR before a LF when the first line ends so.
 *
 * @param header line that a part may begin with, without line end
 */
export function makeRewriter(header: string): Rewriter {
  let head: Buffer | undefined = Buffer.alloc(0);
  let crlf = false;
  let headerLines = 0;
  let heldCr = false;
  let last = LF;

  /** A CR at the end waits for what follows it. */
  const withoutCr = (chunk: Buffer): Buffer[] => {
    const whole = heldCr ? Buffer.concat([Buffer.from([CR]), chunk]) : chunk;
    heldCr = whole.at(-1) === CR;
    const lines = whole.toString("latin1", 0, heldCr ? whole.length - 1 : whole.length).replaceAll("\r\n", "\n");
    return lines === "" ? [] : [Buffer.from(lines, "latin1")];
  };
  const given = (chunk: Buffer): Buffer[] => {
    if (chunk.length === 0) return [];
    const out = crlf ? withoutCr(chunk) : [chunk];
    last = out.at(-1)?.at(-1) ?? last;
    return out;
  };
  const firstLine = (bytes: Buffer, end: number): Buffer[] => {
    head = undefined;
    const line = bytes.subarray(0, end);
    crlf = line.at(-1) === CR;
    const isHeader = line.subarray(0, crlf ? -1 : undefined).toString("utf8") === header;
    headerLines = isHeader ? 1 : 0;
    return given(isHeader ? bytes.subarray(end + 1) : bytes);
  };

  return {
    push: (chunk) => {
      if (!head) return given(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(LF);
      if (end < 0 && head.length <= MOST_LINE_BYTES) return [];
      return firstLine(head, end < 0 ? head.length : end);
    },
    end: () => {
      const rest = head ? firstLine(head, head.length) : [];
      return last === LF && !heldCr ? rest : [...rest, Buffer.from("\n")];
    },
    headerLines: () => headerLines,
  };
}
