import type { IdSet } from "./idSet";
import { makeRowReader } from "./rowRules";
import { makeRowScanner } from "./rowScanner";
import type { Tally } from "./tally";

const LF = 10;
/** Of 256 code points. */
const MOST_ID_BYTES = 1024;
/** Behind bytes that are read by words of four. */
const SPARE_BYTES = 3;
/** A line that has not ended by then is judged as it is: no good row is as long. */
const MOST_LINE_BYTES = 1_048_576;

/** Checks and counts a part's rows. */
export interface RowCounter {
  /**
   * Takes the part's lines as the rewriter gives them, in chunks of any size, of which it keeps none.
   *
   * @throws Error named BadRow for the first row that is bad, as makeRowReader tells; TooManyIds
   */
  push(chunk: Buffer): void;
}

/**
 * @param uri the part, for errors
 * @param headerLines how many header lines the rewriter left out: 0 or 1, known by the first row
 * @param tally what the rows are added to
 */
export function makeRowCounter(columns: readonly string[], uri: string, headerLines: () => number, tally: Tally): RowCounter {
  const scan = makeRowScanner(columns, tally);
  const readRow = makeRowReader(columns, uri);
  const lineFeed = LF;
  const View = DataView;
  let lines = 0;
  let begun = Buffer.alloc(0);

  const viewOf = ({ buffer, byteOffset, length }: Buffer) => new View(buffer, byteOffset, length);
  const scratch = Buffer.alloc(MOST_ID_BYTES + SPARE_BYTES);
  const scratchView = viewOf(scratch);
  const add = (ids: IdSet, id: string) => ids.add(scratchView, 0, scratch.write(id));
  const addAny = (line: Buffer) => {
    const { user, item } = readRow(line, headerLines() + lines + 1);
    add(tally.users, user);
    add(tally.items, item);
    tally.rows++;
    lines++;
  };
  /** @param end where the last line ends, behind its LF */
  const readLines = (bytes: Buffer, from: number, end: number) => {
    const view = viewOf(bytes);
    let at = from;
    while (at < end) {
      const before = tally.rows;
      at = scan(view, at, end);
      lines += tally.rows - before;
      if (at === end) return;
      const lineEnd = bytes.indexOf(lineFeed, at);
      addAny(bytes.subarray(at, lineEnd));
      at = lineEnd + 1;
    }
  };

  return {
    push: (chunk) => {
      const firstEnd = begun.length > 0 ? chunk.indexOf(LF) + 1 : 0;
      if (firstEnd > 0) {
        const bytes = begun.length + firstEnd;
        readLines(Buffer.concat([begun, chunk.subarray(0, firstEnd)], bytes + SPARE_BYTES), 0, bytes);
        begun = Buffer.alloc(0);
      }
      const end = chunk.lastIndexOf(LF) + 1;
      readLines(chunk, firstEnd, end);
      if (end < chunk.length) begun = Buffer.concat([begun, chunk.subarray(end)]);
      if (begun.length > MOST_LINE_BYTES) addAny(begun);
    },
  };
}
