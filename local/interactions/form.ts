import { parse } from "csv-parse/sync";

/** Columns of an interaction; the last may be absent. */
export const COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"] as const;

/** Header names of one's own, by column. */
export type ColumnNames = Partial<Record<(typeof COLUMNS)[number], string>>;

/** How a file's rows are read. */
export interface Form {
  delimiter: string;
  /** Cells of the header. */
  header: string[];
  /** Index of each column's cell; -1 for an event type that the file does not have. */
  user: number;
  item: number;
  time: number;
  type: number;
}

/** Far more than a header line. */
export const START_BYTES = 16 * 1024;

const NEEDED = COLUMNS.slice(0, 3);
const UTF_16 = "is UTF-16 text: save it as UTF-8";

/**
 * Finds how a file's rows are read, by its first row that is not blank. The pipeline's rules for history are the same, in other code.
 *
 * @param start the file's first bytes, inflated
 * @param whole whether these are all bytes
 * @param names header names of one's own. @default the columns' names alone
 * @returns the form, or what is wrong with the file and what to do
 */
export function findForm(start: Buffer, whole: boolean, names: ColumnNames = {}): Form | string {
  const other = otherFormat(start);
  if (other !== undefined) return other;
  const [, header, end] = /^\ufeff?(?:[ \t]*[\r\n])*([^\r\n]*)(.?)/su.exec(start.toString("utf8")) ?? ["", "", ""];
  if (!whole && end === "") return `has a first row of more than ${start.length} bytes: export fewer columns`;
  if (header.trim() === "") return "is empty: remove it, or give it a header and rows";
  if (/[^\P{Cc}\t]/u.test(header)) return start.subarray(0, 2).includes(0) ? UTF_16 : "is not text: export it as CSV";
  if (header.includes("\ufffd")) return "is not UTF-8 text: save it as UTF-8";
  return readHeader(header, names);
}

function otherFormat(start: Buffer): string | undefined {
  const begins = (...bytes: number[]) => Buffer.from(bytes).equals(start.subarray(0, bytes.length));
  if (isGzip(start)) return "is gzip, but its name does not end with .gz: rename it";
  if (begins(0x50, 0x4b, 0x03, 0x04)) return "is a zip file: unpack it, or compress it with gzip";
  if (start.toString("latin1", 0, 4) === "PAR1") return "is Parquet: export it as CSV";
  return begins(0xff, 0xfe) || begins(0xfe, 0xff) ? UTF_16 : undefined;
}

export function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

function readHeader(line: string, names: ColumnNames): Form | string {
  const shown = visible(line);
  let best: { delimiter: string; header: string[]; found: number[][] } | undefined;
  for (const delimiter of [",", ";", "\t", "|"]) {
    const header = cellsOf(line, delimiter);
    const found = COLUMNS.map((column) => indexes(header, names[column] ?? column, column));
    const columns = (of: number[][]) => of.filter(({ length }) => length > 0).length;
    const gain = best === undefined ? 1 : columns(found) - columns(best.found) || header.length - best.header.length;
    if (gain > 0) best = { delimiter, header, found };
  }
  const { delimiter, header, found } = best!;
  const own = (columns: readonly (typeof COLUMNS)[number][]) => columns.map((column) => names[column] ?? column).join(", ");
  if (found.every(({ length }) => length === 0)) return `has no header: its first row must name ${own(NEEDED)}, got ${shown}`;
  const missing = NEEDED.filter((_, i) => found[i].length === 0);
  if (missing.length > 0) {
    return `has no column ${own(missing)}: rename one, or set history.columns (npm start: --columns), got ${shown}`;
  }
  const twice = COLUMNS.filter((_, i) => found[i].length > 1);
  if (twice.length > 0) return `has more than one column ${own(twice.slice(0, 1))}: remove all but one, got ${shown}`;
  const [[user], [item], [time], [type = -1]] = found;
  return { delimiter, header, user, item, time, type };
}

/** Where a header names a column: by the first name or, if no cell has that, by the second. */
function indexes(header: string[], ...names: string[]): number[] {
  for (const name of names) {
    const found = header.flatMap((cell, i) => (cell.trim().toLowerCase() === name.toLowerCase() ? [i] : []));
    if (found.length > 0) return found;
  }
  return [];
}

/** Cells of a header; none where a quote is out of place. */
function cellsOf(line: string, delimiter: string): string[] {
  try {
    return (parse(line, { delimiter, record_delimiter: "\n" }) as string[][])[0];
  } catch {
    return [];
  }
}

/** The first 100 characters in quotes, with escapes for invisible ones. */
function visible(text: string): string {
  const escaped = (unseen: string) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`;
  return JSON.stringify(text.slice(0, 100)).replace(/(?! )[\p{C}\p{Z}]/gu, escaped);
}
