import { randomUUID } from "node:crypto";
import type { Call, Cloud, Json, Operation, Reply } from "../service";
import { owner } from "./buckets";
import { slice } from "./blobs";
import { MAX_PUT_BYTES, receive } from "./body";
import type { Catalog } from "./catalog";
import { CHECKSUM_HEADERS, checksumElement, checksumHeader, checksumType, parseAlgorithm } from "./checksums";
import { COPY_HEADERS, copySource, digestRange, openSource, type CopySource } from "./copySource";
import { entityTooLarge, invalidRequest } from "./errors";
import type { Permissions } from "./permissions";
import { keptHeaders, OBJECT_HEADERS, quoted } from "./objectHeaders";
import { parseCopyRange } from "./range";
import { operation, wholeNumber, type Request } from "./request";
import type { Algorithm, StoredPart } from "./types";
import { seconds } from "./xml";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PARTS = 10_000;

/** Everything about multipart uploads but their completion. */
export function multipartOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  const object = (action: string) => (request: Request) => [permissions.object(action, request.bucket, request.key)];
  return {
    "POST /{Bucket}/{Key+}?uploads": operation(cloud.account, {
      headers: [...OBJECT_HEADERS, "x-amz-checksum-algorithm", "x-amz-checksum-type"],
      metadata: true,
      permissions: object("s3:PutObject"),
      run: (request) => createUpload(cloud, catalog, request),
    }),
    "PUT /{Bucket}/{Key+}?partNumber&uploadId": operation(cloud.account, {
      headers: [...CHECKSUM_HEADERS, ...COPY_HEADERS, "x-amz-copy-source-range"],
      permissions: ({ bucket, key, headers }) => permissions.write(bucket, key, { source: copySource(headers) }),
      run: (request, call) => {
        const source = copySource(request.headers);
        return source ? copyPart(cloud, catalog, request, source) : uploadPart(cloud, catalog, request, call);
      },
    }),
    "DELETE /{Bucket}/{Key+}?uploadId": operation(cloud.account, {
      permissions: object("s3:AbortMultipartUpload"),
      run: async (request) => {
        const { bucket, key, query } = request;
        const uploadId = query("uploadId") ?? "";
        await catalog.locked(bucket, key, () => {
          catalog.upload(uploadId, bucket, key);
          return catalog.commit({ op: "abort", uploadId });
        });
        return { status: 204 };
      },
    }),
    "GET /{Bucket}/{Key+}?uploadId": operation(cloud.account, {
      query: ["max-parts", "part-number-marker"],
      permissions: object("s3:ListMultipartUploadParts"),
      run: async (request) => listParts(cloud, catalog, request),
    }),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
async function createUpload(cloud: Cloud, catalog: Catalog, { bucket, key, headers }: Request): Promise<Reply> {
  const asked = headers["x-amz-checksum-algorithm"];
  const algorithm = asked === undefined ? undefined : parseAlgorithm(asked, "x-amz-checksum-algorithm");
  const wantedType = headers["x-amz-checksum-type"];
  if (algorithm === undefined && wantedType !== undefined) throw invalidRequest("x-amz-checksum-type needs x-amz-checksum-algorithm");
  const type = algorithm && checksumType(algorithm, wantedType);
  const id = randomUUID();
  const upload = { id, bucket, key, initiated: seconds(cloud), headers: keptHeaders(headers), algorithm, type };
  await catalog.commit({ op: "upload", upload });
  return {
    headers: algorithm && type ? { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": type } : {},
    output: { InitiateMultipartUploadResult: { Bucket: bucket, Key: key, UploadId: id } },
  };
}

/** A checksum that the request does not give is computed when the upload has an algorithm. */
async function uploadPart(cloud: Cloud, catalog: Catalog, request: Request, { body }: Call): Promise<Reply> {
  const { bucket, key, headers, query } = request;
  const { id, algorithm } = catalog.upload(query("uploadId") ?? "", bucket, key);
  const number = partNumber(request);
  return receive(catalog.blobs, { headers, body, required: algorithm }, async ({ segments, size, etag, checksum }) => {
    await addPart(catalog, request, id, {
      number,
      segments,
      size,
      etag,
      lastModified: seconds(cloud),
      checksum: algorithm && checksum?.value,
    });
    return { headers: { etag: quoted(etag), ...(checksum ? { [checksumHeader(checksum.algorithm)]: checksum.value } : {}) } };
  });
}

/** The part shares the source's bytes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
async function copyPart(cloud: Cloud, catalog: Catalog, request: Request, source: CopySource): Promise<Reply> {
  const { bucket, key, headers, query } = request;
  const { id, algorithm } = catalog.upload(query("uploadId") ?? "", bucket, key);
  const number = partNumber(request);
  const from = openSource(catalog, source, headers);
  const range = parseCopyRange(headers["x-amz-copy-source-range"], from.size);
  const size = range.end - range.start;
  if (size > MAX_PUT_BYTES) throw entityTooLarge(size, MAX_PUT_BYTES);
  const segments = slice(from.segments, range.start, range.end);
  catalog.blobs.retain(segments);
  try {
    const { etag, checksum } = await digestRange(catalog, from, range, algorithm);
    const lastModified = seconds(cloud);
    await addPart(catalog, request, id, { number, segments, size, etag, lastModified, checksum });
    const modified = new Date(lastModified).toISOString();
    return { output: { CopyPartResult: { ETag: quoted(etag), LastModified: modified, ...partChecksum(checksum, algorithm) } } };
  } finally {
    catalog.blobs.release(segments);
  }
}

async function addPart(catalog: Catalog, { bucket, key }: Request, uploadId: string, part: StoredPart): Promise<void> {
  await catalog.locked(bucket, key, () => {
    catalog.upload(uploadId, bucket, key);
    return catalog.commit({ op: "part", uploadId, part });
  });
}

function partNumber(request: Request): number {
  return wholeNumber(request, "partNumber", { least: 1, most: MAX_PARTS, otherwise: 1 });
}

const partChecksum = (value: string | undefined, algorithm: Algorithm | undefined): Json =>
  algorithm && value !== undefined ? { [checksumElement(algorithm)]: value } : {};

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
function listParts(cloud: Cloud, catalog: Catalog, request: Request): Reply {
  const { bucket, key, query } = request;
  const upload = catalog.upload(query("uploadId") ?? "", bucket, key);
  const marker = wholeNumber(request, "part-number-marker", { least: 0, most: 2 ** 31 - 1, otherwise: 0 });
  const limit = Math.min(wholeNumber(request, "max-parts", { least: 1, most: 2 ** 31 - 1, otherwise: 1000 }), 1000);
  const following = [...upload.parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number);
  const page = following.slice(0, limit);
  return {
    output: {
      ListPartsResult: {
        Bucket: bucket,
        Key: key,
        UploadId: upload.id,
        Initiator: owner(cloud.account),
        Owner: owner(cloud.account),
        StorageClass: "STANDARD",
        ChecksumAlgorithm: upload.algorithm,
        ChecksumType: upload.type,
        PartNumberMarker: marker,
        NextPartNumberMarker: page.at(-1)?.number ?? marker,
        MaxParts: limit,
        IsTruncated: following.length > limit,
        Part: page.map(({ number, lastModified, etag, size, checksum }) => ({
          PartNumber: number,
          LastModified: new Date(lastModified).toISOString(),
          ETag: quoted(etag),
          Size: size,
          ...partChecksum(checksum, upload.algorithm),
        })),
      },
    },
  };
}
