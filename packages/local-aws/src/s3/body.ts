import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ServiceError } from "../service";
import type { Blobs } from "./blobs";
import { BodyDigests, checkAlgorithm, checkFormat, CHECKSUM_HEADER } from "./checksums";
import { badDigest, entityTooLarge, incompleteBody, invalidArgument, invalidRequest, notImplemented } from "./errors";
import type { Stored } from "./types";

/** Most bytes of one PUT or part: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;
const MAX_XML_BYTES = 8 * 1024 ** 2;

/** A body that arrived whole and matches its headers. */
export interface Received extends Omit<Stored, "lastModified"> {
  /** CRC32 in base64. */
  checksum?: string;
}

/** What a request's headers say about its body. */
interface BodyPlan {
  /** Bytes of the body, where the headers tell. */
  length?: number;
  /** The MD5 that the body must have, hex. */
  md5?: string;
  /** The hex SHA-256 that the signature holds. */
  sha256?: string;
  /** The CRC32 that the body must have, base64. */
  crc32?: string;
}

/**
 * Streams a request's body into a blob and verifies it; nothing is left behind when that fails.
 *
 * @param withChecksum whether to compute a CRC32 that the request does not give
 * @param use takes the verified body; the blob is kept when something refers to it afterwards
 * @throws ServiceError BadDigest, IncompleteBody, EntityTooLarge, XAmzContentSHA256Mismatch, InvalidRequest
 */
export async function receive<T>(
  blobs: Blobs,
  { headers, body, withChecksum = false }: { headers: Record<string, string>; body: Readable | undefined; withChecksum?: boolean },
  use: (received: Received) => T,
): Promise<T> {
  const plan = planBody(headers, MAX_PUT_BYTES);
  const { id, stream } = await blobs.create();
  try {
    const { size, md5: etag, crc32: checksum } = await take(body, stream, plan, MAX_PUT_BYTES, withChecksum);
    return use({ segments: size === 0 ? [] : [{ blob: id, start: 0, length: size }], size, etag, checksum });
  } finally {
    await blobs.discard(id);
  }
}

/** Reads and verifies a small body as text. */
export async function receiveText(headers: Record<string, string>, body: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()) });
  await take(body, sink, planBody(headers, MAX_XML_BYTES), MAX_XML_BYTES);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Reads what a body must be before any of it is taken.
 *
 * @param limit most bytes of the body
 * @throws ServiceError naming the header that is wrong
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function planBody(headers: Record<string, string>, limit: number): BodyPlan {
  const content = headers["x-amz-content-sha256"] ?? "UNSIGNED-PAYLOAD";
  const isSigned = /^[0-9a-f]{64}$/.test(content);
  if (!isSigned && content !== "UNSIGNED-PAYLOAD") throw notImplemented(`x-amz-content-sha256: ${content}`);
  const length = contentLength(headers);
  if (length !== undefined && length > limit) throw entityTooLarge(length, limit);
  return { length, md5: contentMd5(headers["content-md5"]), sha256: isSigned ? content : undefined, crc32: checksum(headers) };
}

function contentLength(headers: Record<string, string>): number | undefined {
  const value = headers["content-length"];
  if (value === undefined) {
    if (headers["transfer-encoding"] === undefined) return undefined;
    throw new ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header", 411);
  }
  const length = Number(value);
  if (!Number.isInteger(length) || length < 0) throw invalidArgument(`A content length must be a whole number of bytes, got ${value}`);
  return length;
}

function contentMd5(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const md5 = Buffer.from(value, "base64");
  if (md5.length !== 16) throw new ServiceError("InvalidDigest", "The Content-MD5 you specified is not valid");
  return md5.toString("hex");
}

function checksum(headers: Record<string, string>): string | undefined {
  const value = headers[CHECKSUM_HEADER];
  checkAlgorithm(headers, "x-amz-sdk-checksum-algorithm");
  if (value !== undefined) checkFormat(value);
  else if (headers["x-amz-sdk-checksum-algorithm"] !== undefined) {
    throw invalidRequest(`x-amz-sdk-checksum-algorithm specified, but no corresponding ${CHECKSUM_HEADER} header was found.`);
  }
  return value;
}

/**
 * Moves the body to the sink. Errors in the body are reported once the client has sent all of it,
 * because breaking off would reset the connection before the answer arrives.
 */
async function take(body: Readable | undefined, sink: Writable, plan: BodyPlan, limit: number, withChecksum = false) {
  const digests = new BodyDigests({ sha256: plan.sha256 !== undefined, crc32: withChecksum || plan.crc32 !== undefined });
  await pipeline(
    body ?? Readable.from([]),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        digests.update(chunk);
        if (digests.size <= limit) yield chunk;
      }
    },
    sink,
  );
  const found = digests.finish();
  if (found.size > limit) throw entityTooLarge(found.size, limit);
  if (plan.length !== undefined && plan.length !== found.size) {
    throw incompleteBody(`You did not provide the number of bytes specified by the length header: ${found.size} of ${plan.length}`);
  }
  if (plan.md5 !== undefined && plan.md5 !== found.md5) throw badDigest("Content-MD5");
  if (plan.sha256 !== undefined && plan.sha256 !== found.sha256) {
    throw new ServiceError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  if (plan.crc32 !== undefined && plan.crc32 !== found.crc32) throw badDigest("CRC32");
  return found;
}
