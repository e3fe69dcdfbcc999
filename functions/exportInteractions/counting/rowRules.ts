import { isUtf8 } from "node:buffer";
import { failure } from "../../shared/failure";

/** A row's ids, without their quotes. */
export interface RowIds {
  user: string;
  item: string;
}

/**
 * Makes a reader of any line, which throws an error named BadRow that tells the first rule that the line breaks. What runs once a row uses
 * names of this function alone: every other name is looked up anew each time in serialized code, by `with`.
 *
 * @param uri the lines' part, for the error
 */
export function makeRowReader(columns: readonly string[], uri: string): (line: Buffer, number: number) => RowIds {
  /** Longest id that Personalize takes, in code points: https://docs.aws.amazon.com/personalize/latest/dg/interactions-datasets.html */
  const MOST_ID_CHARACTERS = 256;
  const ID_RULE = `of 1 to ${MOST_ID_CHARACTERS} characters without control characters`;
  const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|$)/y;
  const CONTROL = /\p{Cc}/u;
  const TIMESTAMP = /^(?=.*[1-9])[0-9]{1,15}$/;
  const [user, item, timestamp, eventType] = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"].map((column) => columns.indexOf(column));
  const isWhole = isUtf8;
  const codePoints = (text: string) => [...text];

  const bad = (number: number, rule: string, got: unknown) => {
    const shown = codePoints(JSON.stringify(got)).slice(0, 80).join("");
    return failure("BadRow", `Part "${uri}": line ${number} must ${rule}, got ${shown}`);
  };
  /** Undefined for a quote that is not closed, or not around a whole field. */
  const fieldsOf = (text: string): string[] | undefined => {
    const fields: string[] = [];
    FIELD.lastIndex = 0;
    for (let found = FIELD.exec(text); found; found = FIELD.exec(text)) {
      const [quoted, plain] = [found[1], found[2]] as (string | undefined)[];
      fields.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
      if (found[3] === "") return fields;
    }
    return undefined;
  };
  const isId = (value: string): boolean => {
    if (value === "" || value.length > 2 * MOST_ID_CHARACTERS) return false;
    return (value.length <= MOST_ID_CHARACTERS || codePoints(value).length <= MOST_ID_CHARACTERS) && !CONTROL.test(value);
  };
  const isTimestamp = (value: string) => TIMESTAMP.test(value);

  return (line, number) => {
    const text = line.toString("utf8");
    if (!isWhole(line)) throw bad(number, "be UTF-8", text);
    const fields = fieldsOf(text);
    if (!fields) throw bad(number, "be RFC 4180 without line breaks in fields", text);
    if (fields.length !== columns.length) throw bad(number, `have ${columns.length} fields (${columns.join(",")})`, fields.length);

    const check = (column: number, isGood: (value: string) => boolean, rule: string) => {
      if (column >= 0 && !isGood(fields[column])) throw bad(number, `have a ${columns[column]} ${rule}`, fields[column]);
    };
    check(user, isId, ID_RULE);
    check(item, isId, ID_RULE);
    check(timestamp, isTimestamp, "in whole seconds above 0");
    check(eventType, isId, ID_RULE);
    return { user: fields[user], item: fields[item] };
  };
}
