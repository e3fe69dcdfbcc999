const LF = 10;
const CR = 13;
/** Far longer than any header line. */
const MOST_LINE_BYTES = 65_536;

/** Turns a part's bytes into the lines that the export needs. */
export interface Rewriter {
  /** @returns chunks of lines, which may share the memory of the chunk that was pushed */
  push(chunk: Buffer): Buffer[];
  /** @returns the rest, with the line end that the last line may lack */
  end(): Buffer[];
  /** Header lines that were removed so far: 0 or 1. */
  headerLines(): number;
}

/**
 * Removes the header line that a part may have, and, if its first line ends with CR LF, the CR of every CR LF.
 *
 * @param header line that a part may start with, without line end
 */
export function makeRewriter(header: string): Rewriter {
  let head: Buffer | undefined = Buffer.alloc(0);
  let crlf = false;
  let headerLines = 0;
  let heldCr = false;
  let last = LF;

  /** Holds a CR at the end back until the next byte is known. */
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
