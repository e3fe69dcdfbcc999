import { invalidArgument } from "./errors";

/**
 * Order of UTF-8 bytes, in which S3 lists keys. JavaScript compares UTF-16 units instead, which puts
 * characters beyond U+FFFF (surrogates) before U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates behind all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Keys in the order of their UTF-8 bytes. */
export class KeyIndex {
  private readonly keys: string[] = [];

  at(position: number): string {
    return this.keys[position];
  }

  add(key: string): void {
    const position = this.from(key);
    if (this.keys[position] !== key) this.keys.splice(position, 0, key);
  }

  delete(key: string): void {
    const position = this.from(key);
    if (this.keys[position] === key) this.keys.splice(position, 1);
  }

  /** Position of the first key that is not before `key`. */
  from(key: string): number {
    return this.first((other) => compareKeys(other, key) >= 0);
  }

  /** Position of the first key after `key`. */
  after(key: string): number {
    return this.first((other) => compareKeys(other, key) > 0);
  }

  /** Position of the first key after all that start with `prefix`. */
  behind(prefix: string): number {
    return this.first((other) => !other.startsWith(prefix) && compareKeys(other, prefix) > 0);
  }

  private first(holds: (key: string) => boolean): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.keys[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Where a listing continues: after a key, or after all keys of a common prefix. */
export type Position = { key: string } | { prefix: string };

export interface ListingQuery {
  prefix: string;
  /** Keys that have it after the prefix are rolled up; "" for none. */
  delimiter: string;
  /** Where to continue; absent for the first page. */
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

/** One page of a listing; a common prefix is found by one search, independent of the number of its keys. */
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
    // Refused below.
  }
  throw invalidArgument("The continuation token provided is incorrect");
}
