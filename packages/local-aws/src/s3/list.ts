import type { Cloud, Json, Operation, Reply } from "../service";
import type { Catalog } from "./catalog";
import { invalidArgument, notImplemented } from "./errors";
import { compareKeys, decodeToken, encodeToken, listPage, type Page } from "./listing";
import { operation, quoted, wholeNumber, type Permissions, type Request } from "./request";
import type { Bucket } from "./types";

const PAGE = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

/** Clients tell a bare text root from an element only by its namespace. */
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Lists keys and uploads, and tells a bucket's region. */
export function listOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    "GET /{Bucket}?list-type": operation(cloud.account, {
      query: ["prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type"],
      permissions: (request) => [permissions.bucket("s3:ListBucket", request.bucket, listContext(request))],
      run: async (request) => listObjects(catalog, request),
    }),
    "GET /{Bucket}?uploads": operation(cloud.account, {
      permissions: ({ bucket }) => [permissions.bucket("s3:ListBucketMultipartUploads", bucket)],
      run: async ({ bucket }) => listUploads(catalog, bucket),
    }),
    "GET /{Bucket}?location": operation(cloud.account, {
      permissions: ({ bucket }) => [permissions.bucket("s3:GetBucketLocation", bucket)],
      run: async () => ({
        output: { LocationConstraint: { "@xmlns": NAMESPACE, "#text": cloud.region === "us-east-1" ? "" : cloud.region } },
      }),
    }),
  };
}

function listContext({ query }: Request): Record<string, string> {
  const given = ["prefix", "delimiter", "max-keys"].filter((name) => query(name) !== undefined);
  return Object.fromEntries(given.map((name) => [`s3:${name}`, query(name) ?? ""]));
}

/** Pages of keys: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
function listObjects(catalog: Catalog, request: Request): Reply {
  if (request.query("list-type") !== "2") throw invalidArgument(`list-type must be 2, got ${request.query("list-type")}`);
  const bucket = catalog.bucket(request.bucket);
  const encode = encoder(request);
  const [prefix, delimiter] = [request.query("prefix") ?? "", request.query("delimiter") ?? ""];
  const [token, startAfter] = [request.query("continuation-token"), request.query("start-after")];
  const limit = Math.min(wholeNumber(request, "max-keys", { least: 0, most: MAX_INTEGER, otherwise: PAGE }), PAGE);
  const after = token !== undefined ? decodeToken(token) : startAfter !== undefined ? { key: startAfter } : undefined;
  const page = listPage(bucket.keys, { prefix, delimiter, after, limit });
  return {
    output: {
      ListBucketResult: {
        Name: bucket.name,
        Prefix: encode(prefix),
        StartAfter: startAfter === undefined ? undefined : encode(startAfter),
        Delimiter: delimiter === "" ? undefined : encode(delimiter),
        ContinuationToken: token,
        NextContinuationToken: page.next && encodeToken(page.next),
        KeyCount: page.keys.length + page.commonPrefixes.length,
        MaxKeys: limit,
        EncodingType: request.query("encoding-type"),
        IsTruncated: page.next !== undefined,
        Contents: contents(bucket, page, encode),
        CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
      },
    },
  };
}

function contents(bucket: Bucket, { keys }: Page, encode: (text: string) => string): Json[] {
  return keys.flatMap((key) => {
    const object = bucket.objects.get(key);
    if (!object) return [];
    const { etag, size, lastModified, checksum } = object;
    return {
      Key: encode(key),
      LastModified: new Date(lastModified).toISOString(),
      ETag: quoted(etag),
      ChecksumAlgorithm: checksum && "CRC32",
      ChecksumType: checksum?.type,
      Size: size,
      StorageClass: "STANDARD",
    };
  });
}

/** All uploads on one page: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
function listUploads(catalog: Catalog, bucket: string): Reply {
  catalog.bucket(bucket);
  const uploads = [...catalog.uploads.values()].filter((upload) => upload.bucket === bucket);
  if (uploads.length > PAGE) throw notImplemented(`more than one page of ${PAGE} uploads`);
  const Upload = uploads
    .sort((a, b) => compareKeys(a.key, b.key) || a.initiated - b.initiated)
    .map(({ id, key, initiated }) => ({ UploadId: id, Key: key, Initiated: new Date(initiated).toISOString(), StorageClass: "STANDARD" }));
  return { output: { ListMultipartUploadsResult: { Bucket: bucket, MaxUploads: PAGE, IsTruncated: false, Upload } } };
}

/** Keys may hold what XML cannot: clients then ask for percent-encoding. */
function encoder(request: Request): (text: string) => string {
  const type = request.query("encoding-type");
  if (type === undefined) return (text) => text;
  if (type !== "url") throw invalidArgument(`encoding-type must be url, got ${type}`);
  return (text) => encodeURIComponent(text).replace(/%2F/g, "/");
}
