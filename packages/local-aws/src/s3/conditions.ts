import { noSuchKey, notImplemented, preconditionFailed } from "./errors";
import type { StoredObject } from "./types";

/** Conditional headers of a request, by their names after an optional prefix. */
export interface Conditions {
  ifMatch?: string;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  ifUnmodifiedSince?: string;
}

/**
 * Reads the conditions of a request.
 *
 * @param prefix "" or `x-amz-copy-source-`
 */
export function readConditions(headers: Record<string, string>, prefix = ""): Conditions {
  return {
    ifMatch: headers[`${prefix}if-match`],
    ifNoneMatch: headers[`${prefix}if-none-match`],
    ifModifiedSince: headers[`${prefix}if-modified-since`],
    ifUnmodifiedSince: headers[`${prefix}if-unmodified-since`],
  };
}

/**
 * Checks the conditions of a read: an ETag's condition takes precedence over the time's of the same direction.
 *
 * @returns `unchanged` where a GET answers 304
 * @throws ServiceError PreconditionFailed
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
 */
export function checkRead(object: StoredObject, conditions: Conditions): "proceed" | "unchanged" {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  } else if (object.lastModified > time(ifUnmodifiedSince, Infinity)) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, object.etag) ? "unchanged" : "proceed";
  return object.lastModified <= time(ifModifiedSince, -Infinity) ? "unchanged" : "proceed";
}

/**
 * Checks the conditions of a write against the object that the key has now.
 *
 * @throws ServiceError PreconditionFailed (412), or NoSuchKey (404) when If-Match finds nothing
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWrite(key: string, current: StoredObject | undefined, { ifMatch, ifNoneMatch }: Conditions): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") throw notImplemented(`If-None-Match: ${ifNoneMatch} on a write, only *`);
  if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (current === undefined) throw noSuchKey(key);
  if (!names(ifMatch, current.etag)) throw preconditionFailed("If-Match");
}

/** An ETag without its quotes. */
export const unquote = (etag: string): string => etag.trim().replace(/^"(.*)"$/, "$1");

function names(condition: string, etag: string): boolean {
  return condition.split(",").some((entry) => entry.trim() === "*" || unquote(entry) === etag);
}

function time(date: string | undefined, otherwise: number): number {
  const parsed = Date.parse(date ?? "");
  return Number.isNaN(parsed) ? otherwise : parsed;
}
