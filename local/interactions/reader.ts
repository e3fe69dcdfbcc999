import { pipeline, type Readable } from "node:stream";
import { parse, type CsvError, type Info, type Options } from "csv-parse";
import { UsageError } from "../../cli/shared/command";
import { InteractionTable, type Interaction } from "./table";

const NEEDED = ["USER_ID", "ITEM_ID", "TIMESTAMP"] as const;
const EVENT_TYPE = "EVENT_TYPE";
const MAX_LINES = 5;
const MAX_ID_CHARACTERS = 256;
/** Words for "no value". A number beyond a double is Infinity in Athena. */
const NO_VALUE = ["\\N", "null", "NULL", "None", "undefined", "nan", "NaN", "<NA>", "Infinity", "-Infinity"];
const DAY_SECONDS = 86_400;
const CSV: Options = {
  bom: true,
  info: true,
  record_delimiter: ["\r\n", "\n", "\r"],
  relax_column_count: true,
  skip_empty_lines: true,
  skip_records_with_error: true,
  max_record_size: 1_000_000,
};
const WRONG_COLUMN_COUNT = { ok: false, reason: "columnCount" } as const;

/** Rows left out, by reason, with the first five line numbers. The header is line 1. */
export type LeftOut = Record<string, { count: number; lines: number[] }>;

/** What an interactions file holds. */
export interface ReadInteractions {
  /** Number of rows, good and bad, without the header and empty lines. */
  rows: number;
  /** The good rows, in the file's order. */
  table: InteractionTable;
  leftOut: LeftOut;
}

/**
 * Reads interactions from CSV (RFC 4180, UTF-8, a header with columns in any order, of which it ignores those that it does not need).
 * A stray quote makes its row bad. A quote that is not closed makes the file bad, because it swallows rows.
 *
 * @param name the input, as errors name it
 * @param text the CSV's bytes
 * @throws UsageError when the input is empty, is not CSV, or lacks a needed column
 */
export async function readInteractions(name: string, text: Readable, rules: RowRules): Promise<ReadInteractions> {
  const table = new InteractionTable();
  const leftOut: LeftOut = {};
  const lines = new LineCounter();
  let columns: Columns | undefined;
  let rows = 0;
  const leave = (reason: string, line: number): void => {
    const entry = (leftOut[reason] ??= { count: 0, lines: [] });
    entry.count += 1;
    if (entry.lines.length < MAX_LINES) entry.lines.push(line);
  };
  const parser = parse(CSV);
  parser.on("skip", (error: CsvError) => {
    if (error.code !== "INVALID_OPENING_QUOTE") return void parser.destroy(error);
    rows += 1;
    leave("malformedQuotes", lines.at(Number(error.lines)));
  });
  pipeline(text, parser, () => undefined);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      const line = lines.start(record, info.lines);
      if (columns === undefined) {
        columns = findColumns(name, record);
        continue;
      }
      rows += 1;
      const checked = record.length === columns.count ? checkRow(columns.cells(record), rules) : WRONG_COLUMN_COUNT;
      if (checked.ok) table.add(checked.row);
      else leave(checked.reason, line);
    }
  } catch (error) {
    throw readProblem(name, error);
  }
  if (columns === undefined) throw new UsageError(`${name} is empty: it must be CSV with a header that has ${NEEDED.join(", ")}`);
  return { rows, table, leftOut };
}

/** Turns the parser's line counts, which count a CRLF inside quotes as two lines, into those of an editor. */
class LineCounter {
  private last = 0;
  private surplus = 0;

  at(counted: number): number {
    return counted - this.surplus;
  }

  /** Line on which the record begins. */
  start(record: string[], counted: number): number {
    let inside = 0;
    if (counted > this.last + 1) {
      for (const field of record) {
        inside += field.match(/\r\n|\n|\r/g)?.length ?? 0;
        this.surplus += field.match(/\r\n/g)?.length ?? 0;
      }
    }
    this.last = counted;
    return this.at(counted) - inside;
  }
}

interface Columns {
  count: number;
  cells(record: string[]): Cells;
}

function findColumns(name: string, header: string[]): Columns {
  const names = header.map((column) => column.trim());
  if (names.some((column) => /[\p{Cc}\uFFFD]/u.test(column)))
    throw new UsageError(`${name} is not CSV: its first line is not valid UTF-8 text`);
  for (const needed of [...NEEDED, EVENT_TYPE]) {
    const found = names.filter((column) => column === needed).length;
    if (found > 1) throw new UsageError(`${name} must have one column ${needed}, got ${found}`);
    if (found === 0 && needed !== EVENT_TYPE) {
      const shown = names.slice(0, 20).map((column) => (column.length > 40 ? `${column.slice(0, 40)}...` : column));
      throw new UsageError(`${name} has no column ${needed}: it needs ${NEEDED.join(", ")}, found ${shown.join(", ")}`);
    }
  }
  const [user, item, time, type] = [...NEEDED, EVENT_TYPE].map((column) => names.indexOf(column));
  return {
    count: header.length,
    cells: (record) => ({
      userId: record[user],
      itemId: record[item],
      timestamp: record[time],
      eventType: type === -1 ? undefined : record[type],
    }),
  };
}

function readProblem(name: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "" } = error as { code?: string };
  if (code.startsWith("Z_")) return new UsageError(`${name} is not valid gzip: ${error.message}`);
  if (code.startsWith("CSV_")) return new UsageError(`${name} is not CSV: ${error.message}`);
  return error;
}

/** Rules for rows. */
export interface RowRules {
  /** Epoch seconds. A TIMESTAMP more than a day later is bad. */
  nowSeconds: number;
  /** Event type of rows without one: the stack's recommender.defaultEventType. */
  defaultEventType: string;
}

/** A row's cells as the file has them. `eventType` is undefined where the file has no such column. */
interface Cells {
  userId: string;
  itemId: string;
  timestamp: string;
  eventType?: string;
}

/** A good row, or the reason why it is left out. */
type CheckedRow = { ok: true; row: Interaction } | { ok: false; reason: string };

/**
 * Checks whether Personalize accepts a row: ids have 1 to 256 characters, no control characters, and are no word for "no value";
 * TIMESTAMP is a whole number of epoch seconds, positive and at most a day ahead. A row without an event type, or with such a word in
 * its place, gets the default one.
 */
function checkRow(cells: Cells, { nowSeconds, defaultEventType }: RowRules): CheckedRow {
  const { eventType: cell = "" } = cells;
  const eventType = cell === "" || NO_VALUE.includes(cell) ? defaultEventType : cell;
  const reason =
    textProblem("userId", cells.userId) ??
    textProblem("itemId", cells.itemId) ??
    timestampProblem(cells.timestamp, nowSeconds) ??
    textProblem("eventType", eventType);
  if (reason !== undefined) return { ok: false, reason };
  return { ok: true, row: { userId: cells.userId, itemId: cells.itemId, timestamp: Number(cells.timestamp), eventType } };
}

function textProblem(name: string, value: string): string | undefined {
  if (value === "") return `${name}Empty`;
  if (NO_VALUE.includes(value)) return `${name}NoValue`;
  if (value.length > MAX_ID_CHARACTERS && [...value].length > MAX_ID_CHARACTERS) return `${name}TooLong`;
  if (/\p{Cc}/u.test(value)) return `${name}ControlCharacter`;
  if (value.includes("\uFFFD")) return `${name}NotUtf8`;
  return undefined;
}

function timestampProblem(text: string, nowSeconds: number): string | undefined {
  if (!/^-?\d+$/.test(text)) return "timestampNotWholeSeconds";
  const seconds = Number(text);
  if (seconds <= 0) return "timestampNotPositive";
  return seconds > nowSeconds + DAY_SECONDS ? "timestampInFuture" : undefined;
}
