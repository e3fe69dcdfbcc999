import { pipeline, type Readable } from "node:stream";
import { parse, type CsvError, type Info, type Options } from "csv-parse";
import { UsageError } from "../../cli/usageError";
import { InteractionTable } from "./table";
import { checkRow, type RowRules } from "./validate";

const NEEDED = ["USER_ID", "ITEM_ID", "TIMESTAMP"] as const;
const EVENT_TYPE = "EVENT_TYPE";
const LINES_NAMED = 5;
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

/** Rows left out, by reason, with the first five line numbers (the header is line 1). */
export type LeftOut = Record<string, { count: number; lines: number[] }>;

/** What an interactions file holds. */
export interface ReadInteractions {
  /** Data rows, good and bad; neither header nor empty lines. */
  rows: number;
  /** Good rows in the file's order. */
  table: InteractionTable;
  leftOut: LeftOut;
}

/**
 * Reads interactions from CSV (RFC 4180, UTF-8, header in any column order; columns it does not need are
 * ignored). A stray quote spoils its row alone; quotes that are not closed refuse the file, since they swallow rows.
 *
 * @param name how errors name the input
 * @param text the CSV's bytes
 * @throws UsageError when it is empty, not CSV, or lacks a needed column
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
    if (entry.lines.length < LINES_NAMED) entry.lines.push(line);
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

/** Turns the parser's line counts, which take a CRLF inside quotes for two lines, into those of an editor. */
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
  cells(record: string[]): { userId: string; itemId: string; timestamp: string; eventType?: string };
}

function findColumns(name: string, header: string[]): Columns {
  const names = header.map((column) => column.trim());
  if (names.some((column) => /[\p{Cc}\uFFFD]/u.test(column))) throw new UsageError(`${name} is not CSV: its first line is not UTF-8 text`);
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
  if (code.startsWith("Z_")) return new UsageError(`${name} is not sound gzip: ${error.message}`);
  if (code.startsWith("CSV_")) return new UsageError(`${name} is not CSV: ${error.message}`);
  return error;
}
