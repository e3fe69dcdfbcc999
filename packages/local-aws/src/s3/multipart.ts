import { randomUUID } from "node:crypto";
import type { Call, Cloud, Json, Operation, Reply } from "../service";
import { slice } from "./blobs";
import { MAX_PUT_BYTES, receive } from "./body";
import type { Catalog } from "./catalog";
import { BodyDigests, checkAlgorithm, CHECKSUM_HEADER } from "./checksums";
import { checkRead, readConditions } from "./conditions";
import { entityTooLarge, invalidArgument, invalidRequest, noSuchKey, notImplemented, preconditionFailed } from "./errors";
import { keptHeaders, type ByteRange } from "./objects";
import { operation, quoted, seconds, wholeNumber, type Permissions, type Request } from "./request";
import type { ChecksumType, StoredObject, StoredPart } from "./types";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PARTS = 10_000;
/** Size that a source must exceed for a range of it to be copied. */
const RANGE_COPY_ABOVE = 5 * 1024 * 1024;
const COPY_HEADERS = [
  "x-amz-copy-source",
  "x-amz-copy-source-if-match",
  "x-amz-copy-source-if-none-match",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-unmodified-since",
  "x-amz-copy-source-range",
];

interface CopySource {
  bucket: string;
  key: string;
}

/** CreateMultipartUpload, UploadPart, UploadPartCopy and AbortMultipartUpload. */
export function multipartOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    "POST /{Bucket}/{Key+}?uploads": operation(cloud.account, {
      headers: ["x-amz-checksum-algorithm", "x-amz-checksum-type"],
      metadata: true,
      permissions: ({ bucket, key }) => [permissions.object("s3:PutObject", bucket, key)],
      run: async (request) => createUpload(cloud, catalog, request),
    }),
    "PUT /{Bucket}/{Key+}?partNumber&uploadId": operation(cloud.account, {
      headers: [CHECKSUM_HEADER, ...COPY_HEADERS],
      permissions: ({ bucket, key, headers }) => {
        const source = copySource(headers);
        return [permissions.object("s3:PutObject", bucket, key), ...(source ? permissions.read(source.bucket, source.key) : [])];
      },
      run: (request, call) => {
        const source = copySource(request.headers);
        return source ? copyPart(cloud, catalog, request, source) : uploadPart(cloud, catalog, request, call);
      },
    }),
    "DELETE /{Bucket}/{Key+}?uploadId": operation(cloud.account, {
      permissions: ({ bucket, key }) => [permissions.object("s3:AbortMultipartUpload", bucket, key)],
      run: async ({ bucket, key, query }) => {
        catalog.removeUpload(catalog.upload(query("uploadId") ?? "", bucket, key));
        return { status: 204 };
      },
    }),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
function createUpload(cloud: Cloud, catalog: Catalog, { bucket, key, headers }: Request): Reply {
  checkAlgorithm(headers, "x-amz-checksum-algorithm");
  const withChecksum = headers["x-amz-checksum-algorithm"] !== undefined;
  const type = headers["x-amz-checksum-type"] ?? "COMPOSITE";
  if (!withChecksum && headers["x-amz-checksum-type"] !== undefined) {
    throw invalidRequest("x-amz-checksum-type needs x-amz-checksum-algorithm");
  }
  if (type !== "COMPOSITE" && type !== "FULL_OBJECT") throw invalidRequest(`Value for x-amz-checksum-type header is invalid: ${type}`);
  const checksumType: ChecksumType | undefined = withChecksum ? type : undefined;
  const id = randomUUID();
  catalog.uploads.set(id, {
    id,
    bucket,
    key,
    initiated: cloud.clock.now(),
    headers: keptHeaders(headers),
    checksumType,
    parts: new Map(),
  });
  return {
    headers: checksumType ? { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": checksumType } : {},
    output: { InitiateMultipartUploadResult: { Bucket: bucket, Key: key, UploadId: id } },
  };
}

/** A checksum that the request does not give is computed when the upload has checksums. */
async function uploadPart(cloud: Cloud, catalog: Catalog, request: Request, { body }: Call): Promise<Reply> {
  const { bucket, key, headers, query } = request;
  const uploadId = query("uploadId") ?? "";
  const withChecksum = catalog.upload(uploadId, bucket, key).checksumType !== undefined;
  const number = partNumber(request);
  return receive(catalog.blobs, { headers, body, withChecksum }, (received) => {
    catalog.addPart(catalog.upload(uploadId, bucket, key), { ...received, number, lastModified: seconds(cloud) });
    const { etag, checksum } = received;
    return { headers: { etag: quoted(etag), ...(checksum === undefined ? {} : { [CHECKSUM_HEADER]: checksum }) } };
  });
}

/** The part shares the source's bytes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
async function copyPart(cloud: Cloud, catalog: Catalog, request: Request, source: CopySource): Promise<Reply> {
  const { bucket, key, headers, query } = request;
  const uploadId = query("uploadId") ?? "";
  const withChecksum = catalog.upload(uploadId, bucket, key).checksumType !== undefined;
  const number = partNumber(request);
  const from = openSource(catalog, source, headers);
  const range = parseCopyRange(headers["x-amz-copy-source-range"], from.size);
  const size = range.end - range.start;
  if (size > MAX_PUT_BYTES) throw entityTooLarge(size, MAX_PUT_BYTES);
  const segments = slice(from.segments, range.start, range.end);
  catalog.blobs.retain(segments);
  try {
    const { etag, checksum } = await digestRange(catalog, from, range, withChecksum);
    const lastModified = seconds(cloud);
    const part: StoredPart = { number, segments, size, etag, lastModified, checksum };
    catalog.addPart(catalog.upload(uploadId, bucket, key), part);
    const result: Json = { ETag: quoted(etag), LastModified: new Date(lastModified).toISOString(), ChecksumCRC32: checksum };
    return { output: { CopyPartResult: result } };
  } finally {
    catalog.blobs.release(segments);
  }
}

const partNumber = (request: Request): number => wholeNumber(request, "partNumber", { least: 1, most: MAX_PARTS, otherwise: 1 });

/**
 * Reads x-amz-copy-source: `bucket/key` or `/bucket/key`, percent-encoded.
 *
 * @throws ServiceError InvalidArgument, or NotImplemented for versions and access points
 */
function copySource(headers: Record<string, string>): CopySource | undefined {
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

/** @throws ServiceError NoSuchBucket, NoSuchKey, PreconditionFailed */
function openSource(catalog: Catalog, { bucket, key }: CopySource, headers: Record<string, string>): StoredObject {
  const object = catalog.bucket(bucket).objects.get(key);
  if (!object) throw noSuchKey(key);
  if (checkRead(object, readConditions(headers, "x-amz-copy-source-")) === "unchanged") {
    throw preconditionFailed("x-amz-copy-source-if-none-match or -if-modified-since");
  }
  return object;
}

/**
 * Reads x-amz-copy-source-range, which is stricter than Range: both ends, within the source.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 * @throws ServiceError InvalidArgument or InvalidRequest
 */
export function parseCopyRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return { start: 0, end: size };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  if (first === undefined || Number(last) < Number(first)) {
    throw invalidArgument(`The x-amz-copy-source-range value must be of the form bytes=first-last, got ${header}`);
  }
  if (Number(last) >= size) throw invalidArgument(`Range specified is not valid for source object of size: ${size}`);
  if (size <= RANGE_COPY_ABOVE) throw invalidRequest(`A range can be copied only of a source over 5 MiB, this one has ${size} bytes`);
  return { start: Number(first), end: Number(last) + 1 };
}

/** MD5 and CRC32 of some of an object's bytes, which are read only when the object's own digests do not tell. */
async function digestRange(
  catalog: Catalog,
  object: StoredObject,
  { start, end }: ByteRange,
  withChecksum: boolean,
): Promise<{ etag: string; checksum?: string }> {
  const known = object.checksum?.type === "FULL_OBJECT" ? object.checksum.value : undefined;
  const isWhole = start === 0 && end === object.size;
  if (isWhole && !object.etag.includes("-") && (!withChecksum || known !== undefined)) {
    return { etag: object.etag, checksum: withChecksum ? known : undefined };
  }
  const digests = new BodyDigests({ sha256: false, crc32: withChecksum });
  for await (const bytes of catalog.blobs.read(object.segments, start, end) as AsyncIterable<Buffer>) digests.update(bytes);
  const { md5, crc32 } = digests.finish();
  return { etag: md5, checksum: crc32 };
}
