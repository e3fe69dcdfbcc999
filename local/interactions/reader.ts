import { pipeline, Readable } from "node:stream";
import { parse, type CsvError, type Info, type Options } from "csv-parse";
import { UsageError } from "../../cli/shared/command";
import { type ColumnNames, type Form, findForm, START_BYTES } from "./form";
import { type Cells, checkRow, type RowRules } from "./row";
import { type Interaction, InteractionTable } from "./table";

const MAX_LINES = 5;
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
  /** What is probably a mistake of the file, though its rows are good. */
  warnings: string[];
}

/** Rules for a file. */
export interface FileRules extends RowRules {
  /** Header names of the columns. @default the columns' own names */
  columns?: ColumnNames;
}

/**
 * Reads interactions from CSV (UTF-8, RFC 4180 with a comma, semicolon, tab or bar, a header in any order, of which it ignores the
 * columns that it does not need). A stray quote makes its row bad. A quote that is not closed makes the file bad, because it swallows
 * rows. Lines that repeat the header are no rows.
 *
 * @param name the input, as errors name it
 * @param text the CSV's bytes
 * @throws UsageError when the input is no such file
 */
export async function readInteractions(name: string, text: Readable, rules: FileRules): Promise<ReadInteractions> {
  const table = new InteractionTable();
  const leftOut: LeftOut = {};
  const lines = new LineCounter();
  const floats = new FloatIds();
  let rows = 0;
  const leave = (reason: string, line: number): void => {
    const entry = (leftOut[reason] ??= { count: 0, lines: [] });
    entry.count += 1;
    if (entry.lines.length < MAX_LINES) entry.lines.push(line);
  };
  try {
    const { start, whole, all } = await peek(text);
    const form = findForm(start, whole, rules.columns);
    if (typeof form === "string") throw new UsageError(`${name} ${form}`);
    const parser = parse({ ...CSV, delimiter: form.delimiter });
    parser.on("skip", (error: CsvError) => {
      if (error.code !== "INVALID_OPENING_QUOTE") return void parser.destroy(error);
      rows += 1;
      leave("malformedQuotes", lines.at(Number(error.lines)));
    });
    pipeline(all, parser, () => undefined);
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      const line = lines.start(record, info.lines);
      record[0] = record[0].replace(/^\ufeff/, "");
      if (isNoRow(record, form)) continue;
      rows += 1;
      const checked = record.length === form.header.length ? checkRow(cellsOf(record, form), rules) : WRONG_COLUMN_COUNT;
      if (checked.ok) {
        table.add(checked.row);
        floats.add(checked.row);
      } else leave(checked.reason, line);
    }
  } catch (error) {
    throw readProblem(name, error);
  }
  return { rows, table, leftOut, warnings: floats.warnings(name) };
}

/** Reads the start of a stream, and gives a stream that has it all. */
async function peek(text: Readable): Promise<{ start: Buffer; whole: boolean; all: Readable }> {
  const chunks = text[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  let start = Buffer.alloc(0);
  let whole = false;
  while (start.length <= START_BYTES && !whole) {
    const next = await chunks.next();
    if (!next.done) start = Buffer.concat([start, Buffer.from(next.value)]);
    whole = next.done === true;
  }
  const all = Readable.from(
    (async function* () {
      yield start;
      yield* { [Symbol.asyncIterator]: () => chunks };
    })(),
    { objectMode: false },
  );
  return { start: start.subarray(0, START_BYTES), whole: start.length <= START_BYTES, all };
}

/** Whether a record is the header, where files were joined once more, or a blank line. */
function isNoRow(record: string[], { header, delimiter }: Form): boolean {
  if (record.length === header.length && record.every((cell, i) => cell === header[i])) return true;
  return /^[ \t]*$/.test(record.join(delimiter)) && (delimiter === "\t" || record.length === 1);
}

function cellsOf(record: string[], { user, item, time, type }: Form): Cells {
  return { userId: record[user], itemId: record[item], timestamp: record[time], eventType: type === -1 ? undefined : record[type] };
}

/** Finds columns of ids that were floats when the file was written. */
class FloatIds {
  private rows = 0;
  private readonly floats = { USER_ID: 0, ITEM_ID: 0 };
  private example = { USER_ID: "", ITEM_ID: "" };

  add({ userId, itemId }: Interaction): void {
    this.rows += 1;
    this.count("USER_ID", userId);
    this.count("ITEM_ID", itemId);
  }

  warnings(name: string): string[] {
    const columns = (["USER_ID", "ITEM_ID"] as const).filter((column) => this.rows > 0 && this.floats[column] === this.rows);
    return columns.map((column) => {
      const id = this.example[column];
      return `Every ${column} of ${name} ends with .0, as ${id}: the column held floats when the file was written. Events that name ${id.slice(0, -2)} are of another id; write whole numbers.`;
    });
  }

  private count(column: "USER_ID" | "ITEM_ID", id: string): void {
    if (!id.endsWith(".0") || !/^\d+\.0$/.test(id)) return;
    this.floats[column] += 1;
    this.example[column] = id;
  }
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

function readProblem(name: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "" } = error as { code?: string };
  if (code === "Z_BUF_ERROR") return new UsageError(`${name} is a truncated gzip file: copy it again`);
  if (code.startsWith("Z_")) return new UsageError(`${name} is a damaged gzip file (${error.message}): copy it again`);
  if (code.startsWith("CSV_")) return new UsageError(`${name} is not CSV: ${error.message}`);
  return error;
}
