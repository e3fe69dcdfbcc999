import { ServiceError } from "../service";
import { invalidArgument, invalidRequest } from "./errors";

/** Bytes from `start` up to, but not including, `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Least size of a source of which a range may be copied. */
const RANGE_COPY_ABOVE = 5 * 1024 * 1024;

const unsatisfiable = (): ServiceError => new ServiceError("InvalidRange", "The requested range is not satisfiable", 416);

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
 * The bytes of one part of an object, as GetObject's partNumber asks for them.
 *
 * @param partSizes of a multipart object; absent when it was put at once
 * @throws ServiceError InvalidPartNumber (416)
 */
export function partRange(partNumber: number, size: number, partSizes: number[] = [size]): ByteRange {
  if (partNumber > partSizes.length) throw new ServiceError("InvalidPartNumber", `The object has ${partSizes.length} parts`, 416);
  const start = partSizes.slice(0, partNumber - 1).reduce((sum, part) => sum + part, 0);
  return { start, end: start + partSizes[partNumber - 1] };
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
