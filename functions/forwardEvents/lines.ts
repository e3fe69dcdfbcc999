import { isUtf8 } from "node:buffer";
import { isAggregate, userRecordsOf } from "./aggregate";
import { decodeLine, type DecodedLine, type LineReason } from "./validate";

const LINE_END = /\r\n|\n|\r/;
const BLANK = /^[ \t]*$/;

/** A line of a record, decoded. */
export interface ReadLine {
  /** Index of the user record, where the record is an aggregate. */
  userRecord?: number;
  /** Index of the line in the record or user record, blank lines included. Absent when that is bad as a whole. */
  line?: number;
  decoded: DecodedLine;
}

/**
 * Takes a stream record apart into its lines, as the lake reads them: lines end at LF, CR or CRLF, and blank ones are ignored. A record
 * that is JSON only as a whole is bad, for its lines are bad in the lake. An aggregate counts as its user records, because Firehose takes
 * it apart before it writes.
 *
 * @param data base64 of the lines or the aggregate, as the event source mapping delivers it
 * @returns at least one line
 */
export function readRecord(data: string): ReadLine[] {
  const bytes = Buffer.from(data, "base64");
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  if (bytes.length !== (data.length / 4) * 3 - padding) return [bad("badBase64")];
  const lines = isAggregate(bytes) ? readAggregate(bytes) : readLines(bytes);
  return lines.length === 0 ? [bad("badJson")] : lines;
}

function readAggregate(bytes: Buffer): ReadLine[] {
  const userRecords = userRecordsOf(bytes);
  if (userRecords === undefined) return [bad("badAggregate")];
  return userRecords.flatMap((data, userRecord) => readLines(data).map((line) => ({ userRecord, ...line })));
}

function readLines(bytes: Buffer): ReadLine[] {
  const isText = isUtf8(bytes);
  const text = bytes.toString(isText ? "utf8" : "latin1");
  if (isText && !LINE_END.test(text)) return BLANK.test(text) ? [] : [{ line: 0, decoded: decodeLine(text) }];
  const lines = text.split(LINE_END).flatMap((part, line): ReadLine[] => {
    if (BLANK.test(part)) return [];
    if (isText) return [{ line, decoded: decodeLine(part) }];
    const ofLine = Buffer.from(part, "latin1");
    return [isUtf8(ofLine) ? { line, decoded: decodeLine(ofLine.toString("utf8")) } : { ...bad("badUtf8"), line }];
  });
  const isWhole = lines.length > 1 && lines.every(({ decoded }) => !decoded.ok) && isText && isJson(text);
  return isWhole ? [bad("lineBreakInJson")] : lines;
}

function bad(reason: LineReason): ReadLine {
  return { decoded: { ok: false, reason } };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
