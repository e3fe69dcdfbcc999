import { ServiceError } from "../service";
import { ALGORITHMS, checkFormat, checksumHeader, parseAlgorithm } from "./checksums";
import { entityTooLarge, incompleteBody, invalidArgument, invalidRequest, notImplemented } from "./errors";
import type { Algorithm } from "./types";

/** What a request's headers say about its body. */
export interface BodyPlan {
  /** Whether the body has the aws-chunked coding. */
  chunked: boolean;
  /** Bytes of the payload, where the headers tell. */
  length?: number;
  /** The Content-MD5 that the payload must have, raw. */
  md5?: Buffer;
  /** The hex SHA-256 that the signature holds. */
  sha256?: string;
  /** Algorithm of the checksum that comes with the body. */
  algorithm?: Algorithm;
  /** Base64; absent when it comes as a trailer. */
  checksum?: string;
}

const CHUNKED = ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"];

/**
 * Reads what a body must be before any of it is taken.
 *
 * @param limit most bytes of the payload
 * @throws ServiceError naming the header that is wrong
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function planBody(headers: Record<string, string>, limit: number): BodyPlan {
  const content = headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD";
  const chunked = CHUNKED.includes(content);
  const signed = /^[0-9a-f]{64}$/.test(content);
  if (!chunked && !signed && content !== "UNSIGNED-PAYLOAD") throw notImplemented(`x-amz-content-sha256: ${content}`);
  const length = contentLength(headers, chunked);
  if (length !== undefined && length > limit) throw entityTooLarge(length, limit);
  return { chunked, length, md5: contentMd5(headers["content-md5"]), sha256: signed ? content : undefined, ...checksum(headers) };
}

function contentLength(headers: Record<string, string>, chunked: boolean): number | undefined {
  const value = headers[chunked ? "x-amz-decoded-content-length" : "content-length"];
  if (value === undefined) {
    if (!chunked && headers["transfer-encoding"] === undefined) return undefined;
    throw new ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header", 411);
  }
  const length = Number(value);
  if (!Number.isInteger(length) || length < 0) throw invalidArgument(`A content length must be a whole number of bytes, got ${value}`);
  return length;
}

function contentMd5(value: string | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  const md5 = Buffer.from(value, "base64");
  if (md5.length !== 16) throw new ServiceError("InvalidDigest", "The Content-MD5 you specified is not valid");
  return md5;
}

function checksum(headers: Record<string, string>): Pick<BodyPlan, "algorithm" | "checksum"> {
  const given = ALGORITHMS.filter((algorithm) => headers[checksumHeader(algorithm)] !== undefined);
  const trailer = headers["x-amz-trailer"]?.trim().toLowerCase();
  const announced = headers["x-amz-sdk-checksum-algorithm"];
  if (given.length + (trailer === undefined ? 0 : 1) > 1) {
    throw invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  }
  if (trailer !== undefined) {
    const algorithm = ALGORITHMS.find((known) => checksumHeader(known) === trailer);
    if (algorithm === undefined) throw notImplemented(`x-amz-trailer: ${trailer}`);
    return { algorithm };
  }
  if (given.length === 1) {
    const value = headers[checksumHeader(given[0])];
    checkFormat(given[0], value);
    return { algorithm: given[0], checksum: value };
  }
  if (announced !== undefined) {
    parseAlgorithm(announced, "x-amz-sdk-checksum-algorithm");
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  return {};
}

/** @throws ServiceError IncompleteBody unless the payload is as long as announced */
export function checkLength(plan: BodyPlan, size: number): void {
  if (plan.length !== undefined && plan.length !== size) {
    throw incompleteBody(`You did not provide the number of bytes specified by the length header: ${size} of ${plan.length}`);
  }
}
