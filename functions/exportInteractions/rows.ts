import { MOST_ID_CHARACTERS, MOST_TIMESTAMP_DIGITS, readRow } from "./rowRules";
import type { Tally } from "./tally";

const LF = 10;
const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
/** A line that has not ended by then is judged as it is: no good row is as long. */
const MOST_LINE_BYTES = 1_048_576;

/** Checks and counts a part's rows. */
export interface RowCounter {
  /**
   * Takes the part's lines as the rewriter gives them, in chunks of any size, of which it keeps none.
   *
   * @throws Error named BadRow for the first row that breaks a rule of readRow; TooManyIds
   */
  push(chunk: Buffer): void;
}

/**
 * @param uri the part, for errors
 * @param headerLines how many header lines the rewriter left out: 0 or 1, known by the first row
 * @param tally what the rows are added to
 */
export function makeRowCounter(columns: readonly string[], uri: string, headerLines: () => number, tally: Tally): RowCounter {
  const { users, items } = tally;
  const [userColumn, itemColumn] = [columns.indexOf("USER_ID"), columns.indexOf("ITEM_ID")];
  const timestampColumn = columns.indexOf("TIMESTAMP");
  const lastColumn = columns.length - 1;
  let lines = 0;
  let begun = Buffer.alloc(0);

  /** Reads any row; its ids' content is what the fast way finds without quotes. */
  const readAny = (line: Buffer) => {
    const row = readRow(line, columns, `Part "${uri}": line ${headerLines() + lines + 1}`);
    const [user, item] = ["USER_ID", "ITEM_ID"].map((column) => Buffer.from(row.get(column) ?? ""));
    users.add(user, 0, user.length);
    items.add(item, 0, item.length);
  };
  /**
   * Reads a row of plain ASCII without a quote or a control character, as nearly all are, without making a string.
   *
   * @returns where the next line begins, or 0 when this is no such row, or a bad one
   */
  const readPlain = (bytes: Buffer, from: number): number => {
    let at = from;
    let user = 0;
    let userEnd = 0;
    let item = 0;
    let itemEnd = 0;
    for (let column = 0; column <= lastColumn; column++) {
      const start = at;
      let byte = bytes[at];
      if (column === timestampColumn) {
        let digits = 0;
        for (; byte >= ZERO && byte <= ZERO + 9; byte = bytes[++at]) digits |= byte - ZERO;
        if (digits === 0 || at - start > MOST_TIMESTAMP_DIGITS) return 0;
      } else {
        while (byte > COMMA ? byte < 0x7f : byte >= 0x20 && byte !== QUOTE && byte !== COMMA) byte = bytes[++at];
        if (at === start || at - start > MOST_ID_CHARACTERS) return 0;
        if (column === userColumn) {
          user = start;
          userEnd = at;
        } else if (column === itemColumn) {
          item = start;
          itemEnd = at;
        }
      }
      if (byte !== (column === lastColumn ? LF : COMMA)) return 0;
      at++;
    }
    users.add(bytes, user, userEnd);
    items.add(bytes, item, itemEnd);
    return at;
  };
  /** @param end where the last line ends, behind its LF */
  const readLines = (bytes: Buffer, from: number, end: number) => {
    for (let at = from; at < end; lines++, tally.rows++) {
      const next = readPlain(bytes, at);
      if (next > 0) {
        at = next;
        continue;
      }
      const lineEnd = bytes.indexOf(LF, at);
      readAny(bytes.subarray(at, lineEnd));
      at = lineEnd + 1;
    }
  };

  return {
    push: (chunk) => {
      const firstEnd = begun.length > 0 ? chunk.indexOf(LF) + 1 : 0;
      if (firstEnd > 0) {
        const line = Buffer.concat([begun, chunk.subarray(0, firstEnd)]);
        readLines(line, 0, line.length);
        begun = Buffer.alloc(0);
      }
      const end = chunk.lastIndexOf(LF) + 1;
      readLines(chunk, firstEnd, end);
      if (end < chunk.length) begun = Buffer.concat([begun, chunk.subarray(end)]);
      if (begun.length > MOST_LINE_BYTES) readAny(begun);
    },
  };
}
