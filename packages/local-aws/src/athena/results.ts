import { pipeline } from "node:stream/promises";
import type { Json } from "../service";
import { ServiceError } from "../service";
import { type Engine } from "./engine";
import type { Lake } from "./lake";
import type { Location } from "./location";
import { Parts } from "./parts";
import type { OutputColumn, Rows } from "./rows";

const LINE_END = Buffer.from("\n");

/**
 * Writes a query's rows as CSV: every value in quotes, nothing for NULL, the columns' names first.
 *
 * @returns the file's path
 */
export async function writeResults(engine: Engine, { columns, texts, from }: Rows): Promise<string> {
  const file = new Parts(engine.folder, false, Infinity);
  const line = texts.map((text) => `coalesce('"' || replace(${text}, '"', '""') || '"', '')`).join(" || ',' || ");
  try {
    await file.write(Buffer.from(`${columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(",")}\n`));
    for await (const lines of engine.texts(line, from)) await file.write(Buffer.concat(lines.flatMap((row) => [row, LINE_END])));
  } finally {
    await file.end();
  }
  return file.files[0];
}

/** A page of a result. */
export interface Page {
  rows: (string | undefined)[][];
  /** Position of the next page, if there is one. */
  next?: number;
}

/**
 * Reads rows of a result.
 *
 * @param from offset in bytes at which a row begins
 * @param count maximum number of rows
 */
export async function readResults(lake: Lake, location: Location, from: number, count: number): Promise<Page> {
  const rows: Page["rows"] = [];
  let next: number | undefined;
  let ended = from;
  const enough = new AbortController();
  const cast = (value: string, { quoting }: { quoting: boolean }): string | undefined => (value === "" && !quoting ? undefined : value);
  const { parse } = await import("csv-parse");
  const parser = parse({ cast, info: true, relax_column_count: true, skip_empty_lines: false });
  const take = async (records: AsyncIterable<{ record: Page["rows"][number]; info: { bytes: number } }>): Promise<void> => {
    for await (const { record, info } of records) {
      if (rows.length === count) {
        next = ended;
        return enough.abort();
      }
      rows.push(record);
      ended = from + info.bytes;
    }
  };
  await pipeline(await lake.read(location, from), parser, take, { signal: enough.signal }).catch((error: unknown) => {
    if (!enough.signal.aborted) throw error;
  });
  return { rows, next };
}

/** As GetQueryResults returns it. */
export function resultSet(columns: OutputColumn[], { rows, next }: Page): Json {
  return {
    UpdateCount: 0,
    ResultSet: {
      Rows: rows.map((values) => ({ Data: values.map((value) => (value === undefined ? {} : { VarCharValue: value })) })),
      ResultSetMetadata: {
        ColumnInfo: columns.map(({ name, type, precision, scale }) => ({
          CatalogName: "hive",
          SchemaName: "",
          TableName: "",
          Name: name,
          Label: name,
          Type: type,
          Precision: precision,
          Scale: scale,
          Nullable: "UNKNOWN",
          CaseSensitive: type === "varchar",
        })),
      },
    },
    ...(next === undefined ? {} : { NextToken: encodeToken(next) }),
  };
}

const encodeToken = (at: number): string => Buffer.from(JSON.stringify({ at })).toString("base64url");

/** @throws ServiceError InvalidRequestException */
export function decodeToken(token: string | undefined): number {
  if (token === undefined) return 0;
  const [, at] = /^\{"at":([1-9]\d{0,14})\}$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (at === undefined) throw new ServiceError("InvalidRequestException", "NextToken is not one of GetQueryResults");
  return Number(at);
}
