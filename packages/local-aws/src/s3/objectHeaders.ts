import { ServiceError } from "../service";
import { checksumHeader } from "./checksums";
import { notImplemented } from "./errors";
import type { Checksum, StoredObject } from "./types";

const KEPT = ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];
const META = "x-amz-meta-";
const MAX_METADATA_BYTES = 2048;

/** x-amz-* headers that come with an object and change nothing on the local S3 at the values it accepts. */
export const OBJECT_HEADERS: readonly string[] = ["x-amz-storage-class"];

/**
 * What an object keeps of the headers it was uploaded with.
 *
 * @throws ServiceError MetadataTooLarge above 2 KB of user metadata, NotImplemented for another storage class than STANDARD
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export function keptHeaders(headers: Record<string, string>): Record<string, string> {
  const storage = headers["x-amz-storage-class"];
  if (storage !== undefined && storage !== "STANDARD") throw notImplemented(`x-amz-storage-class: ${storage}`);
  const kept: Record<string, string> = { "content-type": "binary/octet-stream" };
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(META)) bytes += name.length - META.length + value.length;
    else if (!KEPT.includes(name)) continue;
    kept[name] = name === "content-encoding" ? withoutAwsChunked(value) : value;
    if (kept[name] === "" && name === "content-encoding") delete kept[name];
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw new ServiceError(
      "MetadataTooLarge",
      `Your metadata headers have ${bytes} bytes, more than the ${MAX_METADATA_BYTES} that are allowed`,
    );
  }
  return kept;
}

/** aws-chunked is how a request travels, not what the object is. */
const withoutAwsChunked = (value: string): string =>
  value
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "aws-chunked")
    .join(",");

/** An ETag as HTTP and XML show it. */
export const quoted = (etag: string): string => `"${etag}"`;

export const httpDate = (time: number): string => new Date(time).toUTCString();

/** Checksum headers of an answer. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type } : {};
}

/** Headers that describe an object in answers to GET and HEAD. */
export function describe(object: StoredObject): Record<string, string> {
  return {
    ...object.headers,
    etag: quoted(object.etag),
    "last-modified": httpDate(object.lastModified),
    "accept-ranges": "bytes",
  };
}
