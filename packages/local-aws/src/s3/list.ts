import type { Cloud, Json, Operation, Reply } from "../service";
import { owner } from "./buckets";
import type { Catalog } from "./catalog";
import { invalidArgument } from "./errors";
import { compareKeys } from "./keyIndex";
import { decodeToken, encodeToken, listPage, type Page } from "./listing";
import type { Permissions } from "./permissions";
import { quoted } from "./objectHeaders";
import { operation, wholeNumber, type Request } from "./request";
import type { Bucket } from "./types";

const PAGE = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

/** Listings of keys and of uploads under way. */
export function listOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    "GET /{Bucket}?list-type": operation(cloud.account, {
      query: ["prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type", "fetch-owner"],
      permissions: (request) => [permissions.bucket("s3:ListBucket", request.bucket, listContext(request))],
      run: async (request) => listObjects(cloud, catalog, request),
    }),
    "GET /{Bucket}?uploads": operation(cloud.account, {
      query: ["prefix", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"],
      permissions: ({ bucket }) => [permissions.bucket("s3:ListBucketMultipartUploads", bucket)],
      run: async (request) => listUploads(cloud, catalog, request),
    }),
  };
}

function listContext({ query }: Request): Record<string, string> {
  const given = ["prefix", "delimiter", "max-keys"].filter((name) => query(name) !== undefined);
  return Object.fromEntries(given.map((name) => [`s3:${name}`, query(name) ?? ""]));
}

/** Pages of keys: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
function listObjects(cloud: Cloud, catalog: Catalog, request: Request): Reply {
  if (request.query("list-type") !== "2") throw invalidArgument(`list-type must be 2, got ${request.query("list-type")}`);
  const bucket = catalog.bucket(request.bucket);
  const encode = encoder(request);
  const [prefix, delimiter] = [request.query("prefix") ?? "", request.query("delimiter") ?? ""];
  const [token, startAfter] = [request.query("continuation-token"), request.query("start-after")];
  const limit = Math.min(wholeNumber(request, "max-keys", { least: 0, most: MAX_INTEGER, otherwise: PAGE }), PAGE);
  const after = token !== undefined ? decodeToken(token) : startAfter !== undefined ? { key: startAfter } : undefined;
  const page = listPage(bucket.keys, { prefix, delimiter, after, limit });
  const ownerOfEach = request.query("fetch-owner") === "true" ? { Owner: owner(cloud.account) } : {};
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
        Contents: contents(bucket, page, encode).map((entry) => ({ ...entry, ...ownerOfEach })),
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
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
      Size: size,
      StorageClass: "STANDARD",
    };
  });
}

/** Uploads in order of key, then of start: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
function listUploads(cloud: Cloud, catalog: Catalog, request: Request): Reply {
  const bucket = catalog.bucket(request.bucket);
  const encode = encoder(request);
  const prefix = request.query("prefix") ?? "";
  const [keyMarker, idMarker] = [request.query("key-marker") ?? "", request.query("upload-id-marker") ?? ""];
  const limit = wholeNumber(request, "max-uploads", { least: 1, most: PAGE, otherwise: PAGE });
  const all = [...catalog.uploads.values()]
    .filter((upload) => upload.bucket === bucket.name && upload.key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key) || a.initiated - b.initiated || (a.id < b.id ? -1 : 1));
  const marked = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const first = marked >= 0 ? marked + 1 : all.findIndex(({ key }) => compareKeys(key, keyMarker) > 0);
  const following = first < 0 ? [] : all.slice(first);
  const page = following.slice(0, limit);
  const truncated = following.length > limit;
  const last = truncated ? page[page.length - 1] : undefined;
  return {
    output: {
      ListMultipartUploadsResult: {
        Bucket: bucket.name,
        KeyMarker: encode(keyMarker),
        UploadIdMarker: idMarker,
        NextKeyMarker: last && encode(last.key),
        NextUploadIdMarker: last?.id,
        Prefix: encode(prefix),
        EncodingType: request.query("encoding-type"),
        MaxUploads: limit,
        IsTruncated: truncated,
        Upload: page.map(({ id, key, initiated, algorithm, type }) => ({
          UploadId: id,
          Key: encode(key),
          Initiated: new Date(initiated).toISOString(),
          StorageClass: "STANDARD",
          Owner: owner(cloud.account),
          Initiator: owner(cloud.account),
          ChecksumAlgorithm: algorithm,
          ChecksumType: type,
        })),
      },
    },
  };
}

/** Keys may hold what XML cannot: clients then ask for percent-encoding. */
function encoder(request: Request): (text: string) => string {
  const type = request.query("encoding-type");
  if (type === undefined) return (text) => text;
  if (type !== "url") throw invalidArgument(`encoding-type must be url, got ${type}`);
  return (text) => encodeURIComponent(text).replace(/%2F/g, "/");
}
