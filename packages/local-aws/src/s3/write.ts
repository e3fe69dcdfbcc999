import type { Call, Cloud, Operation, Reply } from "../service";
import { MAX_PUT_BYTES, receive } from "./body";
import type { Catalog } from "./catalog";
import { CHECKSUM_HEADERS, parseAlgorithm } from "./checksums";
import { checkWrite, readConditions } from "./conditions";
import { COPY_HEADERS, copySource, digestRange, openSource, type CopySource } from "./copySource";
import { invalidArgument, invalidRequest } from "./errors";
import type { Permissions } from "./permissions";
import { checksumHeaders, keptHeaders, OBJECT_HEADERS, quoted } from "./objectHeaders";
import { operation, type Request } from "./request";
import type { Checksum, StoredObject } from "./types";
import { checksumMembers, seconds } from "./xml";

/**
 * Puts an object in its key's place at once, if the request's conditions hold at that moment.
 *
 * @param uploadId the multipart upload that it completes
 * @throws ServiceError PreconditionFailed, NoSuchKey, NoSuchUpload
 */
export async function replace(catalog: Catalog, { bucket, key, headers }: Request, object: StoredObject, uploadId?: string): Promise<void> {
  await catalog.locked(bucket, key, async () => {
    checkWrite(key, catalog.bucket(bucket).objects.get(key), readConditions(headers));
    if (uploadId !== undefined) catalog.upload(uploadId, bucket, key);
    await catalog.commit({ op: "object", bucket, key, object, uploadId });
  });
}

/** PutObject and CopyObject, which share a route. */
export function writeOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  const copyHeaders = [...COPY_HEADERS, "x-amz-metadata-directive", "x-amz-checksum-algorithm"];
  const put = operation(cloud.account, {
    headers: [...OBJECT_HEADERS, ...CHECKSUM_HEADERS],
    metadata: true,
    permissions: ({ bucket, key, headers }) => permissions.write(bucket, key, { ifMatch: headers["if-match"] }),
    run: async (request, call) => {
      const { etag, checksum } = await putObject(cloud, catalog, request, call);
      return { headers: { etag: quoted(etag), ...checksumHeaders(checksum) } };
    },
  });
  const copy = operation(cloud.account, {
    headers: [...OBJECT_HEADERS, ...copyHeaders],
    metadata: true,
    permissions: ({ bucket, key, headers }) =>
      permissions.write(bucket, key, { ifMatch: headers["if-match"], source: copySource(headers) }),
    run: (request) => copyObject(cloud, catalog, request, copySource(request.headers) as CopySource),
  });
  const chosen = (input: Parameters<Operation["permissions"]>[0]): Operation =>
    (input.headers as Record<string, string> | undefined)?.["x-amz-copy-source"] === undefined ? put : copy;
  return {
    "PUT /{Bucket}/{Key+}": {
      permissions: (input) => chosen(input).permissions(input),
      run: (input, call) => chosen(input).run(input, call),
    },
  };
}

/**
 * Stores a body under its key.
 *
 * @returns what is stored; its ETag without quotes
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export async function putObject(
  cloud: Pick<Cloud, "clock">,
  catalog: Catalog,
  request: Request,
  { body }: Pick<Call, "body">,
): Promise<StoredObject> {
  const { bucket, key, headers } = request;
  checkWrite(key, catalog.bucket(bucket).objects.get(key), readConditions(headers));
  const kept = keptHeaders(headers);
  return receive(catalog.blobs, { headers, body }, async ({ segments, size, etag, checksum: found }) => {
    const checksum: Checksum | undefined = found && { ...found, type: "FULL_OBJECT" };
    const object: StoredObject = { segments, size, etag, lastModified: seconds(cloud), headers: kept, checksum };
    await replace(catalog, request, object);
    return object;
  });
}

/** The copy shares the source's bytes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
async function copyObject(cloud: Cloud, catalog: Catalog, request: Request, source: CopySource): Promise<Reply> {
  const { bucket, key, headers } = request;
  const directive = headers["x-amz-metadata-directive"] ?? "COPY";
  if (directive !== "COPY" && directive !== "REPLACE") {
    throw invalidArgument(`x-amz-metadata-directive must be COPY or REPLACE, got ${directive}`);
  }
  if (directive === "COPY" && source.bucket === bucket && source.key === key) {
    throw invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing its metadata");
  }
  const from = openSource(catalog, source, headers);
  if (from.size > MAX_PUT_BYTES) {
    throw invalidRequest(`The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT_BYTES}`);
  }
  const asked = headers["x-amz-checksum-algorithm"];
  const algorithm = asked === undefined ? from.checksum?.algorithm : parseAlgorithm(asked, "x-amz-checksum-algorithm");
  const kept = directive === "COPY" ? from.headers : keptHeaders(headers);
  catalog.blobs.retain(from.segments);
  try {
    const { etag, checksum: value } = await digestRange(catalog, from, { start: 0, end: from.size }, algorithm);
    const checksum: Checksum | undefined = algorithm && value !== undefined ? { algorithm, value, type: "FULL_OBJECT" } : undefined;
    const { segments, size } = from;
    const lastModified = seconds(cloud);
    await replace(catalog, request, { segments, size, etag, lastModified, headers: kept, checksum });
    const modified = new Date(lastModified).toISOString();
    return { output: { CopyObjectResult: { ETag: quoted(etag), LastModified: modified, ...checksumMembers(checksum) } } };
  } finally {
    catalog.blobs.release(from.segments);
  }
}
