/** Columns of an interaction; the last may be absent. */
export const COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"] as const;

/** Header names of one's own, by column. */
export type ColumnNames = Partial<Record<(typeof COLUMNS)[number], string>>;

/** How a query reads an object's lines. */
export interface Layout {
  delimiter: string;
  /** Cells of a row. */
  column_count: number;
  /** Positions of the columns' cells, from 1. */
  user_position: number;
  item_position: number;
  time_position: number;
  /** Absent where the object has no such column. */
  type_position?: number;
  /** The header line as it stands, without a byte order mark. */
  header: string;
}

/** What is wrong with an object, and what to do: it completes the sentence `Object "x" ...`. */
export interface Refusal {
  refused: string;
}

const NEEDED = COLUMNS.slice(0, 3);
const DELIMITERS = [",", ";", "\t", "|"];
const SHOWN_CHARACTERS = 100;

const UTF_16 = "is UTF-16 text: save it as UTF-8";
/** What the first bytes of other formats are. */
const OTHER_FORMATS: [start: string, problem: string][] = [
  ["\x1f\x8b", "is gzip, but its name does not end with .gz: rename it"],
  ["PK\x03\x04", "is a zip file: unpack it, or compress it with gzip"],
  ["PAR1", "is Parquet: export it as CSV"],
  ["\xff\xfe", UTF_16],
  ["\xfe\xff", UTF_16],
];

/**
 * Describes an object by the first row of its text that is not blank: a header whose cells may be quoted, in any case and order.
 *
 * @param text the first bytes, inflated
 * @param whole whether these are all bytes
 * @param names header names of one's own; the plain ones count where an object lacks them. @default none
 */
export function describeFirstRow(text: Buffer, whole: boolean, names: ColumnNames = {}): Layout | Refusal {
  const bytes = text.toString("latin1", 0, 4);
  const other = OTHER_FORMATS.find(([start]) => bytes.startsWith(start));
  if (other) return { refused: other[1] };
  const lines = text
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/);
  const index = lines.findIndex((line) => /[^ \t]/.test(line));
  if (!whole && (index === -1 || index === lines.length - 1)) {
    return { refused: `has a first row of more than ${text.length} bytes: export fewer columns` };
  }
  if (index === -1) return { refused: "is empty: remove it, or give it a header and rows" };
  const header = lines[index];
  if (/[^\P{Cc}\t]/u.test(header)) return { refused: /^.?\0/.test(bytes) ? UTF_16 : "is not text: export it as CSV" };
  if (header.includes("\ufffd")) return { refused: "is not UTF-8 text: save it as UTF-8" };
  return describeHeader(header, names);
}

function describeHeader(header: string, names: ColumnNames): Layout | Refusal {
  const readings = DELIMITERS.map((delimiter) => ({ delimiter, cells: cellsOf(header, delimiter) }))
    .map((reading) => ({ ...reading, found: COLUMNS.map((column) => positions(reading.cells, column, names[column])) }))
    .sort((a, b) => foundIn(b.found) - foundIn(a.found) || b.cells.length - a.cells.length);
  const [{ delimiter, cells, found }] = readings;
  if (foundIn(found) === 0) {
    const wanted = NEEDED.map((column) => names[column] ?? column).join(", ");
    return { refused: `has no header: its first row must name ${wanted}, got ${visible(header)}` };
  }
  const missing = NEEDED.filter((_, i) => found[i].length === 0).map((column) => names[column] ?? column);
  if (missing.length > 0) {
    return {
      refused: `has no column ${missing.join(", ")}: rename one, or set history.columns (npm start: --columns), got ${visible(header)}`,
    };
  }
  const twice = COLUMNS.find((_, i) => found[i].length > 1);
  if (twice !== undefined)
    return { refused: `has more than one column ${names[twice] ?? twice}: remove all but one, got ${visible(header)}` };
  const [[user_position], [item_position], [time_position], [type_position]] = found;
  return { delimiter, column_count: cells.length, user_position, item_position, time_position, type_position, header };
}

/** Positions, from 1, of the cells that name a column. */
function positions(cells: string[], column: string, own: string = column): number[] {
  const named = (name: string) => cells.flatMap((cell, i) => (cell.trim().toLowerCase() === name.toLowerCase() ? [i + 1] : []));
  const found = named(own);
  return found.length > 0 ? found : named(column);
}

function foundIn(found: number[][]): number {
  return found.filter(({ length }) => length > 0).length;
}

/** Cells of a row (RFC 4180, with any delimiter); none where a quote is out of place. */
function cellsOf(row: string, delimiter: string): string[] {
  if (!row.includes('"')) return row.split(delimiter);
  const cell = `("(?:[^"]|"")*"|[^"${delimiter}]*)`;
  if (!new RegExp(`^${cell}(?:[${delimiter}]${cell})*$`).test(row)) return [];
  return [...(row + delimiter).matchAll(new RegExp(`${cell}[${delimiter}]`, "g"))].map(([, text]) =>
    text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text,
  );
}

/** In quotes, with escapes for invisible characters. */
function visible(text: string): string {
  const quoted = JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
  return quoted.replace(/(?! )[\p{C}\p{Z}]/gu, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`);
}
