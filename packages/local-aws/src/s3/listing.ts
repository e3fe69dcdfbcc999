import { invalidArgument } from "./errors";
import type { KeyIndex } from "./keyIndex";

/** Where a listing goes on: behind a key, or behind all keys of a common prefix. */
export type Position = { key: string } | { prefix: string };

export interface ListingQuery {
  prefix: string;
  /** Keys that have it behind the prefix are rolled up; "" for none. */
  delimiter: string;
  /** Where to go on; absent for the first page. */
  after?: Position;
  /** Keys and common prefixes together. */
  limit: number;
}

export interface Page {
  keys: string[];
  commonPrefixes: string[];
  /** Where the next page starts, when there is one. */
  next?: Position;
}

/** One page of a listing; a common prefix is found by one search, however many keys it stands for. */
export function listPage(index: KeyIndex, { prefix, delimiter, after, limit }: ListingQuery): Page {
  const page: Page = { keys: [], commonPrefixes: [] };
  const end = index.behind(prefix);
  let position = Math.max(index.from(prefix), start(index, after));
  let last: Position | undefined;
  while (position < end && limit > 0) {
    if (page.keys.length + page.commonPrefixes.length === limit) return { ...page, next: last };
    const key = index.at(position);
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (cut < 0) {
      page.keys.push(key);
      last = { key };
      position += 1;
    } else {
      const common = key.slice(0, cut + delimiter.length);
      page.commonPrefixes.push(common);
      last = { prefix: common };
      position = index.behind(common);
    }
  }
  return page;
}

function start(index: KeyIndex, after: Position | undefined): number {
  if (after === undefined) return 0;
  return "key" in after ? index.after(after.key) : index.behind(after.prefix);
}

/** An opaque continuation token. */
export function encodeToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** @throws ServiceError InvalidArgument */
export function decodeToken(token: string): Position {
  try {
    const position = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Record<string, unknown>;
    if (typeof position.key === "string") return { key: position.key };
    if (typeof position.prefix === "string") return { prefix: position.prefix };
  } catch {
    // The error below tells.
  }
  throw invalidArgument("The continuation token provided is incorrect");
}
