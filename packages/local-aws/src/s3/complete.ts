import { createHash } from "node:crypto";
import type { Call, Cloud, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import { receiveText } from "./body";
import type { Catalog } from "./catalog";
import { ALGORITHMS, CHECKSUM_HEADERS, checksumElement, checksumHeader, combineChecksums } from "./checksums";
import { checkWrite, readConditions, unquote } from "./conditions";
import { badDigest, invalidRequest, malformedXml } from "./errors";
import { MAX_PARTS } from "./multipart";
import type { Permissions } from "./permissions";
import { quoted } from "./objectHeaders";
import { operation, type Request } from "./request";
import type { Checksum, StoredObject, StoredPart, Upload } from "./types";
import { checksumMembers, parseXml, seconds } from "./xml";
import { replace } from "./write";

const MIN_PART_BYTES = 5 * 1024 ** 2;

/** CompleteMultipartUpload. */
export function completeOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    "POST /{Bucket}/{Key+}?uploadId": operation(cloud.account, {
      headers: [...CHECKSUM_HEADERS, "x-amz-checksum-type", "x-amz-mp-object-size"],
      permissions: ({ bucket, key, headers }) => permissions.write(bucket, key, { ifMatch: headers["if-match"] }),
      run: (request, call) => completeUpload(cloud, catalog, request, call),
    }),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
async function completeUpload(cloud: Cloud, catalog: Catalog, request: Request, { body }: Call): Promise<Reply> {
  const { bucket, key, headers, query } = request;
  const upload = catalog.upload(query("uploadId") ?? "", bucket, key);
  checkWrite(key, catalog.bucket(bucket).objects.get(key), readConditions(headers));
  const { items } = parseXml(await receiveText(bodyHeaders(headers), body), "CompleteMultipartUpload", "Part");
  const parts = chooseParts(upload, items);
  const object = assemble(upload, parts, seconds(cloud));
  checkObject(upload, object, headers);
  catalog.blobs.retain(object.segments);
  try {
    await replace(catalog, request, object, upload.id);
  } finally {
    catalog.blobs.release(object.segments);
  }
  const location = `${cloud.endpoint}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  const { etag, checksum } = object;
  return {
    output: {
      CompleteMultipartUploadResult: { Location: location, Bucket: bucket, Key: key, ETag: quoted(etag), ...checksumMembers(checksum) },
    },
  };
}

/** The x-amz-checksum-* header of this request is the object's, not its body's. */
function bodyHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CHECKSUM_HEADERS.includes(name)));
}

function chooseParts(upload: Upload, items: Record<string, string>[]): StoredPart[] {
  if (items.length > MAX_PARTS) throw malformedXml(`An upload must have at most ${MAX_PARTS} parts, got ${items.length}`);
  let last = 0;
  const parts = items.map((item) => {
    const number = Number(item.PartNumber);
    if (!Number.isInteger(number)) throw malformedXml(`PartNumber must be a whole number, got ${item.PartNumber}`);
    if (number <= last) {
      throw new ServiceError("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.");
    }
    last = number;
    return choosePart(upload, number, item);
  });
  const small = parts.slice(0, -1).find(({ size }) => size < MIN_PART_BYTES);
  if (small) {
    const message = `Your proposed upload is smaller than the minimum allowed size: part ${small.number} has ${small.size} bytes`;
    throw new ServiceError("EntityTooSmall", message);
  }
  return parts;
}

function choosePart(upload: Upload, number: number, item: Record<string, string>): StoredPart {
  const part = upload.parts.get(number);
  const invalid = new ServiceError(
    "InvalidPart",
    `One or more of the specified parts could not be found, or its entity tag or checksum did not match: part ${number}`,
  );
  if (!part || unquote(item.ETag ?? "") !== part.etag) throw invalid;
  for (const algorithm of ALGORITHMS) {
    const given = item[checksumElement(algorithm)];
    if (given !== undefined && upload.algorithm !== undefined && (upload.algorithm !== algorithm || given !== part.checksum)) throw invalid;
  }
  if (upload.type === "COMPOSITE" && upload.algorithm && item[checksumElement(upload.algorithm)] === undefined) {
    throw invalidRequest(
      `The upload was created using a ${upload.algorithm} checksum. The complete request must include the checksum for each part. ` +
        `It was missing for part ${number} in the request.`,
    );
  }
  return part;
}

function assemble({ headers, algorithm, type }: Upload, parts: StoredPart[], lastModified: number): StoredObject {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(etag, "hex");
  return {
    segments: parts.flatMap(({ segments }) => segments),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    etag: `${md5.digest("hex")}-${parts.length}`,
    lastModified,
    headers,
    checksum: algorithm && type && combineChecksums(algorithm, type, parts),
    partSizes: parts.map(({ size }) => size),
  };
}

function checkObject({ type }: Upload, { size, checksum }: StoredObject, headers: Record<string, string>): void {
  const expectedSize = headers["x-amz-mp-object-size"];
  if (expectedSize !== undefined && Number(expectedSize) !== size) {
    throw invalidRequest(`x-amz-mp-object-size is ${expectedSize}, but the parts have ${size} bytes`);
  }
  const expectedType = headers["x-amz-checksum-type"];
  if (expectedType !== undefined && type !== undefined && expectedType !== type) {
    throw invalidRequest(`The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`);
  }
  for (const algorithm of ALGORITHMS) {
    const expected = headers[checksumHeader(algorithm)];
    if (expected !== undefined && !matches(checksum, algorithm, expected)) throw badDigest(algorithm);
  }
}

/** A composite checksum may be given without its number of parts. */
function matches(checksum: Checksum | undefined, algorithm: string, expected: string): boolean {
  return checksum?.algorithm === algorithm && (checksum.value === expected || checksum.value.replace(/-\d+$/, "") === expected);
}
