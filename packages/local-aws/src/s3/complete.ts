import { createHash } from "node:crypto";
import type { Call, Cloud, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import { receiveText } from "./body";
import type { Catalog } from "./catalog";
import { CHECKSUM_HEADER, combineChecksums } from "./checksums";
import { checkWrite, readConditions, unquote } from "./conditions";
import { badDigest, invalidRequest, malformedXml } from "./errors";
import { MAX_PARTS } from "./multipart";
import { operation, parseXml, quoted, seconds, type Permissions, type Request } from "./request";
import type { StoredObject, StoredPart, Upload } from "./types";

const MIN_PART_BYTES = 5 * 1024 ** 2;

/** CompleteMultipartUpload. */
export function completeOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    "POST /{Bucket}/{Key+}?uploadId": operation(cloud.account, {
      headers: [CHECKSUM_HEADER, "x-amz-checksum-type", "x-amz-mp-object-size"],
      permissions: (request) => permissions.write("s3:PutObject", request),
      run: (request, call) => completeUpload(cloud, catalog, request, call),
    }),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
async function completeUpload(cloud: Cloud, catalog: Catalog, { bucket, key, headers, query }: Request, { body }: Call): Promise<Reply> {
  // The checksum of this request is the object's, not its body's.
  const { [CHECKSUM_HEADER]: expected, ...bodyHeaders } = headers;
  const { items } = parseXml(await receiveText(bodyHeaders, body), "CompleteMultipartUpload", "Part");
  const upload = catalog.upload(query("uploadId") ?? "", bucket, key);
  checkWrite(key, catalog.bucket(bucket).objects.get(key), readConditions(headers));
  const object = assemble(upload, chooseParts(upload, items), seconds(cloud));
  checkObject(upload, object, headers, expected);
  catalog.put(bucket, key, object);
  catalog.removeUpload(upload);
  const Location = `${cloud.endpoint}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  const { etag, checksum } = object;
  const checksums = checksum ? { ChecksumCRC32: checksum.value, ChecksumType: checksum.type } : {};
  return { output: { CompleteMultipartUploadResult: { Location, Bucket: bucket, Key: key, ETag: quoted(etag), ...checksums } } };
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

function choosePart({ parts, checksumType }: Upload, number: number, item: Record<string, string>): StoredPart {
  const part = parts.get(number);
  const given = item.ChecksumCRC32;
  const isOther = part === undefined || unquote(item.ETag ?? "") !== part.etag;
  if (isOther || (given !== undefined && checksumType !== undefined && given !== part.checksum)) {
    const message = `One or more of the specified parts could not be found, or its entity tag or checksum did not match: part ${number}`;
    throw new ServiceError("InvalidPart", message);
  }
  if (checksumType === "COMPOSITE" && given === undefined) {
    throw invalidRequest(
      "The upload was created using a CRC32 checksum. The complete request must include the checksum for each part. " +
        `It was missing for part ${number} in the request.`,
    );
  }
  return part;
}

function assemble({ headers, checksumType }: Upload, parts: StoredPart[], lastModified: number): StoredObject {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(etag, "hex");
  return {
    segments: parts.flatMap(({ segments }) => segments),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    etag: `${md5.digest("hex")}-${parts.length}`,
    lastModified,
    headers,
    checksum: checksumType && combineChecksums(checksumType, parts),
  };
}

/** @param expected the object's CRC32, base64; a composite one may be given without its number of parts */
function checkObject({ checksumType }: Upload, object: StoredObject, headers: Record<string, string>, expected: string | undefined): void {
  const size = headers["x-amz-mp-object-size"];
  if (size !== undefined && Number(size) !== object.size) {
    throw invalidRequest(`x-amz-mp-object-size is ${size}, but the parts have ${object.size} bytes`);
  }
  const type = headers["x-amz-checksum-type"];
  if (type !== undefined && checksumType !== undefined && type !== checksumType) {
    throw invalidRequest(
      `The upload was created using the ${checksumType} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const value = object.checksum?.value;
  if (expected !== undefined && expected !== value && expected !== value?.replace(/-\d+$/, "")) throw badDigest("CRC32");
}
