import type { Tally } from "./tally";

/**
 * Reads and counts plain rows from `from` up to before `end`, which ends a line: good ones of printable ASCII without a quote inside a
 * field, as nearly all are.
 *
 * @returns where it stopped: `end`, or the beginning of a line that is not plain, or that ends less than 3 bytes before the view does
 */
export type RowScanner = (bytes: DataView, from: number, end: number) => number;

/**
 * Makes a scanner, which makes no strings and reads words of four bytes. What runs once a row uses names of this function alone: every
 * other name is looked up anew each time in serialized code, by `with`.
 */
export function makeRowScanner(columns: readonly string[], tally: Tally): RowScanner {
  const [LF, QUOTE, COMMA, ZERO, NINE] = [10, 34, 44, 48, 57];
  const [MOST_ID_CHARACTERS, MOST_DIGITS] = [256, 15];
  const { clz32 } = Math;
  const { users, items } = tally;
  const [user, item, timestamp] = ["USER_ID", "ITEM_ID", "TIMESTAMP"].map((column) => columns.indexOf(column));
  const last = columns.length - 1;

  /**
   * Marks commas, quotes, controls and what is not ASCII by the highest bit of the byte. The lowest mark is right, those above it may not be:
   * https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
   */
  const marksOf = (word: number) => {
    const commas = word ^ 0x2c2c2c2c;
    const quotes = word ^ 0x22222222;
    const found = ((commas - 0x01010101) & ~commas) | ((quotes - 0x01010101) & ~quotes) | ((word - 0x20202020) & ~word);
    return (found | word | (word + 0x01010101)) & 0x80808080;
  };
  /** Where the first marked byte is; behind the last word when there is none. */
  const endOf = (bytes: DataView, from: number, lastWord: number) => {
    let at = from;
    for (; at <= lastWord; at += 4) {
      const marks = marksOf(bytes.getInt32(at, true));
      if (marks !== 0) return at + ((24 - clz32(marks & -marks)) >> 3);
    }
    return at;
  };
  const isTimestamp = (bytes: DataView, from: number, to: number) => {
    let digits = 0;
    for (let at = from; at < to; at++) {
      const byte = bytes.getUint8(at);
      if (byte < ZERO || byte > NINE) return false;
      digits |= byte - ZERO;
    }
    return digits !== 0 && to - from <= MOST_DIGITS;
  };
  /** Where the next line begins; 0 when this one is not plain. */
  const readRow = (bytes: DataView, from: number, lastWord: number) => {
    let next = from;
    let userFrom = 0;
    let userTo = 0;
    let itemFrom = 0;
    let itemTo = 0;
    for (let column = 0; column <= last; column++) {
      const quote = bytes.getUint8(next) === QUOTE ? 1 : 0;
      const start = next + quote;
      const end = endOf(bytes, start, lastWord);
      next = end + quote;
      if (next > lastWord || (quote === 1 && bytes.getUint8(end) !== QUOTE)) return 0;
      if (bytes.getUint8(next) !== (column === last ? LF : COMMA)) return 0;
      if (column === timestamp ? !isTimestamp(bytes, start, end) : end === start || end - start > MOST_ID_CHARACTERS) return 0;
      if (column === user) {
        userFrom = start;
        userTo = end;
      } else if (column === item) {
        itemFrom = start;
        itemTo = end;
      }
      next++;
    }
    users.add(bytes, userFrom, userTo);
    items.add(bytes, itemFrom, itemTo);
    return next;
  };

  return (bytes, from, end) => {
    const lastWord = bytes.byteLength - 4;
    let at = from;
    let rows = 0;
    while (at < end) {
      const next = readRow(bytes, at, lastWord);
      if (next === 0) break;
      at = next;
      rows++;
    }
    tally.rows += rows;
    return at;
  };
}
