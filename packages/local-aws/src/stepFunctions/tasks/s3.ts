import { XMLBuilder } from "fast-xml-parser";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { ServiceError, type Json, type Reply } from "../../service";
import { MAX_DATA_BYTES, StateFailure } from "../failure";
import type { TaskCall } from "./task";

/** An operation: its route, its input's members, and how input and response are converted. */
interface Adapter {
  route: string;
  members: string[];
  request(input: Json): { input: Json; body?: Readable };
  result(reply: Reply): Json | Promise<Json>;
}

const LISTING: Record<string, string> = {
  Prefix: "prefix",
  Delimiter: "delimiter",
  MaxKeys: "max-keys",
  ContinuationToken: "continuation-token",
  StartAfter: "start-after",
};
const HEAD_HEADERS: Record<string, string> = {
  "accept-ranges": "AcceptRanges",
  "cache-control": "CacheControl",
  "content-encoding": "ContentEncoding",
  "content-type": "ContentType",
  etag: "ETag",
};
const META = "x-amz-meta-";

const ADAPTERS: Record<string, Adapter> = {
  ListObjectsV2: {
    route: "GET /{Bucket}?list-type",
    members: ["Bucket", ...Object.keys(LISTING)],
    request: ({ Bucket, ...given }) => {
      const query: Json = { "list-type": "2" };
      for (const [name, value] of Object.entries(given)) query[LISTING[name]] = String(value);
      return { input: { Bucket, headers: {}, ...query } };
    },
    result: ({ output }) => {
      const { Contents, CommonPrefixes, ...rest } = output?.ListBucketResult as { Contents: Json[]; CommonPrefixes: Json[] };
      const contents = Contents.map(({ ChecksumAlgorithm, LastModified, ...object }) => ({
        ...object,
        LastModified: isoText(String(LastModified)),
        ...(ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm: [ChecksumAlgorithm] }),
      }));
      return { ...rest, ...unlessEmpty({ Contents: contents, CommonPrefixes }) };
    },
  },
  DeleteObjects: {
    route: "POST /{Bucket}?delete",
    members: ["Bucket", "Delete"],
    request: ({ Bucket, Delete }) => {
      const { Objects = [], ...rest } = Delete as { Objects?: Json[] };
      const xml = new XMLBuilder({}).build({ Delete: { ...rest, Object: Objects } });
      const headers = { "content-md5": createHash("md5").update(xml).digest("base64") };
      return { input: { Bucket, delete: "", headers }, body: Readable.from([Buffer.from(xml)]) };
    },
    result: ({ output }) => {
      const { Deleted, Error: Errors } = output?.DeleteResult as { Deleted: Json[]; Error: Json[] };
      return unlessEmpty({ Deleted, Errors });
    },
  },
  HeadObject: {
    route: "HEAD /{Bucket}/{Key+}",
    members: ["Bucket", "Key", "IfMatch", "IfNoneMatch"],
    request: ({ Bucket, Key, IfMatch, IfNoneMatch }) => {
      const conditions = Object.entries({ "if-match": IfMatch, "if-none-match": IfNoneMatch }).filter(([, value]) => value !== undefined);
      return { input: { Bucket, Key, headers: Object.fromEntries(conditions) } };
    },
    result: ({ headers = {} }) => describe(headers),
  },
  GetObject: {
    route: "GET /{Bucket}/{Key+}",
    members: ["Bucket", "Key", "IfMatch"],
    request: ({ Bucket, Key, IfMatch }) => ({ input: { Bucket, Key, headers: IfMatch === undefined ? {} : { "if-match": IfMatch } } }),
    result: async ({ headers = {}, body }) => ({ ...describe(headers), Body: await textOf(body, Number(headers["content-length"])) }),
  },
  PutObject: {
    route: "PUT /{Bucket}/{Key+}",
    members: ["Bucket", "Key", "Body", "ContentType"],
    request: ({ Bucket, Key, Body, ContentType }) => {
      const bytes = Buffer.from(JSON.stringify(Body));
      const type = ContentType === undefined ? {} : { "content-type": ContentType };
      return { input: { Bucket, Key, headers: { "content-length": String(bytes.length), ...type } }, body: Readable.from([bytes]) };
    },
    result: ({ headers = {} }) => ({ ETag: headers.etag }),
  },
};

/** An object's headers as members. */
function describe(headers: Record<string, string>): Json {
  const result: Json = {};
  const Metadata: Json = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name in HEAD_HEADERS) result[HEAD_HEADERS[name]] = value;
    if (name.startsWith(META)) Metadata[name.slice(META.length)] = value;
  }
  return { ...result, ContentLength: Number(headers["content-length"]), LastModified: isoText(headers["last-modified"]), Metadata };
}

/**
 * Reads a body as text.
 *
 * @throws StateFailure States.DataLimitExceeded
 */
async function textOf(body: Reply["body"], bytes: number): Promise<string> {
  if (bytes > MAX_DATA_BYTES) {
    if (body instanceof Readable) body.destroy();
    throw new StateFailure("States.DataLimitExceeded", `The object has ${bytes} bytes, more than the ${MAX_DATA_BYTES} that are allowed`);
  }
  return text(Readable.from(body ?? []));
}

/** S3 has times in whole seconds. */
const isoText = (date: string): string => new Date(date).toISOString().replace(".000Z", "Z");

/** Calls the local S3, which speaks XML and headers, with JSON. Empty lists are left out. */
export async function callS3({ cloud, principal }: TaskCall, operation: string, input: Json): Promise<Json> {
  const adapter = ADAPTERS[operation];
  if (!Object.hasOwn(ADAPTERS, operation)) throw notKnown(`the operation ${operation}`);
  const unknown = Object.keys(input).find((name) => !adapter.members.includes(name));
  if (unknown !== undefined) throw notKnown(`the argument ${unknown} of ${operation}`);
  const { input: request, body } = adapter.request(input);
  const result = await adapter.result(await cloud.call(principal, "s3", adapter.route, request, body));
  return JSON.parse(JSON.stringify(result)) as Json;
}

const unlessEmpty = (lists: Record<string, unknown[]>): Json =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));

const notKnown = (what: string): ServiceError => new ServiceError("NotImplemented", `the local aws-sdk:s3 does not know ${what}`, 501);
