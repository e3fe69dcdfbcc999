import { constants, gunzipSync } from "node:zlib";

const HEADERS = ["USER_ID,ITEM_ID,TIMESTAMP", "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"];
const SHOWN_CHARACTERS = 100;

/**
 * Checks that an object's first row is a header that the table's reader accepts.
 *
 * @param start the object's first bytes as stored: more than a header line
 * @param compressed whether it is gzip
 * @returns what was found instead; undefined for a header
 */
export function wrongHeader(start: Buffer, compressed: boolean): string | undefined {
  if (start.length === 0) return "an empty object";
  const text = compressed ? inflated(start)?.toString("utf8") : start.toString("utf8");
  if (text === undefined) return "something that is not gzip";
  if (text === "") return "an empty file";
  const row = text.split("\n", 1)[0].replace(/\r$/, "");
  return HEADERS.includes(row) ? undefined : visible(row.slice(0, SHOWN_CHARACTERS));
}

/** The rule, for an error's text. */
export function headerRule(): string {
  return `the first row must be ${HEADERS.join(" or ")}`;
}

/** In quotes, with escapes for invisible characters such as a byte order mark. */
function visible(text: string): string {
  return JSON.stringify(text).replace(/(?! )[\p{C}\p{Z}]/gu, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`);
}

/** As much as the bytes, which may end anywhere, inflate to; undefined if they are not gzip. */
function inflated(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}
