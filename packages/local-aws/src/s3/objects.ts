import type { Call, Cloud, Json, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import { receive, receiveText } from "./body";
import type { Catalog } from "./catalog";
import { CHECKSUM_HEADER, checksumHeaders } from "./checksums";
import { checkRead, checkWrite, readConditions } from "./conditions";
import { invalidArgument, invalidRequest, malformedXml, noSuchKey, notImplemented } from "./errors";
import { operation, parseXml, quoted, seconds, type Permissions, type Request } from "./request";
import type { StoredObject } from "./types";

const KEPT = ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];
const META = "x-amz-meta-";
const MAX_METADATA_BYTES = 2048;
const MAX_DELETED_KEYS = 1000;
const DELETE_ONE = "DELETE /{Bucket}/{Key+}";

/** PutObject, GetObject, HeadObject, DeleteObject and DeleteObjects. */
export function objectOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  const reading = { headers: ["x-amz-checksum-mode"], permissions: ({ bucket, key }: Request) => permissions.read(bucket, key) };
  return {
    "PUT /{Bucket}/{Key+}": operation(cloud.account, {
      headers: [CHECKSUM_HEADER],
      metadata: true,
      permissions: (request) => permissions.write("s3:PutObject", request),
      run: async (request, call) => {
        const { etag, checksum } = await putObject(cloud, catalog, request, call);
        return { headers: { etag: quoted(etag), ...checksumHeaders(checksum) } };
      },
    }),
    "HEAD /{Bucket}/{Key+}": operation(cloud.account, { ...reading, run: async (request) => describeObject(catalog, request).reply }),
    "GET /{Bucket}/{Key+}": operation(cloud.account, {
      ...reading,
      run: async (request) => {
        const { reply, object, range } = describeObject(catalog, request);
        if (range === undefined) return reply;
        if (range.start === range.end) return { ...reply, body: Buffer.alloc(0) };
        return { ...reply, body: catalog.blobs.read(object.segments, range.start, range.end) };
      },
    }),
    [DELETE_ONE]: operation(cloud.account, {
      permissions: (request) => permissions.write("s3:DeleteObject", request),
      run: async ({ bucket, key, headers }) => {
        checkWrite(key, catalog.bucket(bucket).objects.get(key), { ifMatch: headers["if-match"] });
        catalog.delete(bucket, key);
        return { status: 204 };
      },
    }),
    "POST /{Bucket}?delete": operation(cloud.account, {
      headers: [CHECKSUM_HEADER],
      permissions: () => [],
      run: (request, call) => deleteObjects(cloud, catalog, request, call),
    }),
  };
}

/**
 * Stores a body under its key.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export async function putObject(
  cloud: Pick<Cloud, "clock">,
  catalog: Catalog,
  { bucket, key, headers }: Pick<Request, "bucket" | "key" | "headers">,
  { body }: Pick<Call, "body">,
): Promise<StoredObject> {
  const check = (): void => checkWrite(key, catalog.bucket(bucket).objects.get(key), readConditions(headers));
  check();
  const kept = keptHeaders(headers);
  return receive(catalog.blobs, { headers, body }, ({ checksum: value, ...received }) => {
    check();
    const checksum: StoredObject["checksum"] = value === undefined ? undefined : { type: "FULL_OBJECT", value };
    const object = { ...received, lastModified: seconds(cloud), headers: kept, checksum };
    catalog.put(bucket, key, object);
    return object;
  });
}

/**
 * What an object keeps of the headers it was uploaded with.
 *
 * @throws ServiceError MetadataTooLarge above 2 KB of user metadata
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export function keptHeaders(headers: Record<string, string>): Record<string, string> {
  const kept: Record<string, string> = { "content-type": "binary/octet-stream" };
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(META)) bytes += name.length - META.length + value.length;
    else if (!KEPT.includes(name)) continue;
    kept[name] = value;
  }
  if (bytes > MAX_METADATA_BYTES) {
    const message = `Your metadata headers have ${bytes} bytes, more than the ${MAX_METADATA_BYTES} that are allowed`;
    throw new ServiceError("MetadataTooLarge", message);
  }
  return kept;
}

/** Bytes from `start` up to, but not including, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Status and headers of an object; without a range there is nothing to send. */
function describeObject(catalog: Catalog, { bucket, key, headers }: Request): { reply: Reply; object: StoredObject; range?: ByteRange } {
  const object = catalog.bucket(bucket).objects.get(key);
  if (!object) throw noSuchKey(key);
  const described = {
    ...object.headers,
    etag: quoted(object.etag),
    "last-modified": new Date(object.lastModified).toUTCString(),
    "accept-ranges": "bytes",
  };
  if (checkRead(object, readConditions(headers)) === "unchanged") return { reply: { status: 304, headers: described }, object };
  const mode = headers["x-amz-checksum-mode"];
  if (mode !== undefined && mode !== "ENABLED") throw invalidArgument(`x-amz-checksum-mode must be ENABLED, got ${mode}`);
  const asked = parseRange(headers.range, object.size);
  const range = asked ?? { start: 0, end: object.size };
  const reply = {
    status: asked ? 206 : 200,
    headers: {
      ...described,
      ...(mode !== undefined && !asked ? checksumHeaders(object.checksum) : {}),
      ...(asked ? { "content-range": `bytes ${range.start}-${range.end - 1}/${object.size}` } : {}),
      "content-length": String(range.end - range.start),
    },
  };
  return { object, range, reply };
}

/**
 * Reads a Range header as S3 does: one range of bytes; anything else is ignored and the whole object sent.
 *
 * @param header `bytes=a-b`, `bytes=a-` or `bytes=-n`
 * @param size bytes of the object
 * @returns undefined for the whole object
 * @throws ServiceError InvalidRange (416)
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const unsatisfiable = (): ServiceError => new ServiceError("InvalidRange", "The requested range is not satisfiable", 416);
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const count = Math.min(Number(last), size);
    if (count === 0) throw unsatisfiable();
    return { start: size - count, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) throw unsatisfiable();
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/**
 * Deletes many keys; each is authorized on its own and has its own outcome.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
async function deleteObjects(cloud: Cloud, catalog: Catalog, { bucket, headers }: Request, { principal, body }: Call): Promise<Reply> {
  catalog.bucket(bucket);
  if (headers["content-md5"] === undefined && headers[CHECKSUM_HEADER] === undefined) {
    throw invalidRequest(`Missing required header for this request: Content-MD5 or ${CHECKSUM_HEADER}`);
  }
  const { members, items } = parseXml(await receiveText(headers, body), "Delete", "Object");
  if (items.length > MAX_DELETED_KEYS) throw malformedXml(`A request must delete at most ${MAX_DELETED_KEYS} keys, got ${items.length}`);
  const outcomes = await Promise.all(
    items.map(async (item): Promise<Json> => {
      const { Key } = item;
      if (typeof Key !== "string" || Key === "") throw malformedXml("Every Object must have a Key");
      const unknown = Object.keys(item).find((name) => !["Key", "#text"].includes(name));
      if (unknown !== undefined) throw notImplemented(`${unknown} of an Object to delete`);
      try {
        await cloud.call(principal, "s3", DELETE_ONE, { Bucket: bucket, Key, headers: {} });
        return { Deleted: { Key } };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        return { Error: { Key, Code: error.code, Message: error.message } };
      }
    }),
  );
  const pick = (name: string): Json[] => outcomes.flatMap((outcome) => (name in outcome ? [outcome[name] as Json] : []));
  return { output: { DeleteResult: { Deleted: members.Quiet === "true" ? [] : pick("Deleted"), Error: pick("Error") } } };
}
