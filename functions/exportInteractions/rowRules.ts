import { isUtf8 } from "node:buffer";
import { failure } from "../shared/failure";

/** Longest id that Personalize takes, in code points: https://docs.aws.amazon.com/personalize/latest/dg/how-it-works-dataset-schema.html */
export const MOST_ID_CHARACTERS = 256;
export const MOST_TIMESTAMP_DIGITS = 15;
/** Code points of a bad value that an error shows, as JSON. */
const SHOWN_CHARACTERS = 80;

/**
 * A row's fields by column, without their quotes.
 *
 * @param line without its end
 * @param where the line, for the error
 * @throws Error named BadRow, which tells the first rule that the row breaks
 */
export function readRow(line: Buffer, columns: readonly string[], where: string): Map<string, string> {
  const bad = (rule: string, got: unknown) => {
    const shown = Array.from(JSON.stringify(got)).slice(0, SHOWN_CHARACTERS).join("");
    return failure("BadRow", `${where} must ${rule}, got ${shown}`);
  };
  const text = line.toString("utf8");
  if (!isUtf8(line)) throw bad("be UTF-8", text);
  const fields = fieldsOf(text);
  if (!fields) throw bad("be RFC 4180 without line breaks in fields", text);
  if (fields.length !== columns.length) throw bad(`have ${columns.length} fields (${columns.join(",")})`, fields.length);

  const row = new Map(columns.map((column, i) => [column, fields[i]]));
  const check = (column: string, isGood: (value: string) => boolean, rule: string) => {
    const value = row.get(column);
    if (value !== undefined && !isGood(value)) throw bad(`have a ${column} ${rule}`, value);
  };
  const idRule = `of 1 to ${MOST_ID_CHARACTERS} characters without control characters`;
  check("USER_ID", isId, idRule);
  check("ITEM_ID", isId, idRule);
  check("TIMESTAMP", isTimestamp, "in whole seconds above 0");
  check("EVENT_TYPE", isId, idRule);
  return row;
}

/** A line's fields by RFC 4180; undefined for a quote that is not closed, or not around a whole field. */
function fieldsOf(text: string): string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|$)/gy;
  for (;;) {
    const found = field.exec(text);
    if (!found) return undefined;
    const [, quoted, plain, end] = found as (string | undefined)[];
    fields.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === "") return fields;
  }
}

function isId(value: string): boolean {
  if (value === "" || value.length > 2 * MOST_ID_CHARACTERS) return false;
  return (value.length <= MOST_ID_CHARACTERS || Array.from(value).length <= MOST_ID_CHARACTERS) && !/\p{Cc}/u.test(value);
}

function isTimestamp(value: string): boolean {
  return value.length <= MOST_TIMESTAMP_DIGITS && /^[0-9]+$/.test(value) && Number(value) > 0;
}
