import type { Catalog } from "./catalog";
import { BodyDigests } from "./checksums";
import { checkRead, readConditions } from "./conditions";
import { invalidArgument, noSuchKey, notImplemented, preconditionFailed } from "./errors";
import type { Algorithm, StoredObject } from "./types";

export interface CopySource {
  bucket: string;
  key: string;
}

/** Headers of a copy beside those of a write. */
export const COPY_HEADERS: readonly string[] = [
  "x-amz-copy-source",
  "x-amz-source-expected-bucket-owner",
  "x-amz-copy-source-if-match",
  "x-amz-copy-source-if-none-match",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-unmodified-since",
];

/**
 * Reads x-amz-copy-source: `bucket/key` or `/bucket/key`, percent-encoded.
 *
 * @throws ServiceError InvalidArgument, or NotImplemented for versions and access points
 */
export function copySource(headers: Record<string, string>): CopySource | undefined {
  const header = headers["x-amz-copy-source"];
  if (header === undefined) return undefined;
  const [path, query] = header.split("?", 2);
  if (query !== undefined) throw notImplemented(`x-amz-copy-source with ?${query}`);
  if (path.startsWith("arn:")) throw notImplemented("x-amz-copy-source of an access point");
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decode(path)) ?? [];
  if (bucket === undefined) throw invalidArgument(`x-amz-copy-source must be of the form bucket/key, got ${header}`);
  return { bucket, key };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidArgument(`x-amz-copy-source must be percent-encoded UTF-8, got ${path}`);
  }
}

/**
 * The object that is to be copied, if it meets the copy's conditions.
 *
 * @throws ServiceError NoSuchBucket, NoSuchKey, PreconditionFailed
 */
export function openSource(catalog: Catalog, { bucket, key }: CopySource, headers: Record<string, string>): StoredObject {
  const object = catalog.bucket(bucket).objects.get(key);
  if (!object) throw noSuchKey(key);
  const outcome = checkRead(object, readConditions(headers, "x-amz-copy-source-"));
  if (outcome === "unchanged") throw preconditionFailed("x-amz-copy-source-if-none-match or -if-modified-since");
  return object;
}

/**
 * MD5 and checksum of some of an object's bytes. They are read only when the object's own do not tell.
 *
 * @param end exclusive
 * @param algorithm checksum that is wanted
 */
export async function digestRange(
  catalog: Catalog,
  object: StoredObject,
  { start, end }: { start: number; end: number },
  algorithm?: Algorithm,
): Promise<{ etag: string; checksum?: string }> {
  const known = object.checksum?.type === "FULL_OBJECT" && object.checksum.algorithm === algorithm ? object.checksum.value : undefined;
  const whole = start === 0 && end === object.size;
  if (whole && !object.etag.includes("-") && (algorithm === undefined || known !== undefined))
    return { etag: object.etag, checksum: known };
  const digests = new BodyDigests(false, algorithm);
  for await (const bytes of catalog.blobs.read(object.segments, start, end) as AsyncIterable<Buffer>) digests.update(bytes);
  const { md5, checksum } = digests.finish();
  return { etag: md5.toString("hex"), checksum };
}
