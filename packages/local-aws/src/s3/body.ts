import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ServiceError } from "../service";
import { AwsChunkedDecoder } from "./awsChunked";
import type { Blobs } from "./blobs";
import { checkLength, planBody, type BodyPlan } from "./bodyPlan";
import { BodyDigests, checkFormat, checksumHeader } from "./checksums";
import { badDigest, entityTooLarge, invalidRequest } from "./errors";
import type { Algorithm, Segment } from "./types";

/** Most bytes of one PUT or part: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;
const MAX_XML_BYTES = 8 * 1024 ** 2;

/** A body that arrived whole and is what its headers say. */
export interface Received {
  segments: Segment[];
  size: number;
  /** Hex MD5. */
  etag: string;
  checksum?: { algorithm: Algorithm; value: string };
}

/**
 * Streams a request's body into a blob and verifies it; nothing is left behind when that fails.
 *
 * @param required algorithm of the multipart upload, which a part's checksum must have; computed when the request gives none
 * @param use takes the verified body; the blob is kept when something refers to it afterwards
 * @throws ServiceError BadDigest, IncompleteBody, EntityTooLarge, XAmzContentSHA256Mismatch, InvalidRequest
 */
export async function receive<T>(
  blobs: Blobs,
  { headers, body, required }: { headers: Record<string, string>; body: Readable | undefined; required?: Algorithm },
  use: (received: Received) => Promise<T>,
): Promise<T> {
  const plan = planBody(headers, MAX_PUT_BYTES);
  if (required !== undefined && plan.algorithm !== undefined && plan.algorithm !== required) {
    throw invalidRequest(`Checksum Type mismatch occurred, expected checksum Type: ${required}, actual checksum Type: ${plan.algorithm}`);
  }
  const { id, stream } = await blobs.create();
  try {
    const algorithm = plan.algorithm ?? required;
    const { size, md5, checksum } = await take(body, stream, plan, MAX_PUT_BYTES, algorithm);
    return await use({
      segments: size === 0 ? [] : [{ blob: id, start: 0, length: size }],
      size,
      etag: md5.toString("hex"),
      checksum: algorithm && checksum !== undefined ? { algorithm, value: checksum } : undefined,
    });
  } finally {
    await blobs.discard(id);
  }
}

/** Reads and verifies a small body as text. */
export async function receiveText(headers: Record<string, string>, body: Readable | undefined): Promise<string> {
  const plan = planBody(headers, MAX_XML_BYTES);
  const chunks: Buffer[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()) });
  await take(body, sink, plan, MAX_XML_BYTES, plan.algorithm);
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Moves the payload to the sink. What is wrong with it is told when the client has sent it all,
 * because breaking off would reset the connection before the answer arrives.
 */
async function take(body: Readable | undefined, sink: Writable, plan: BodyPlan, limit: number, algorithm?: Algorithm) {
  const digests = new BodyDigests(plan.sha256 !== undefined, algorithm);
  const decoder = plan.chunked ? new AwsChunkedDecoder() : undefined;
  let broken: unknown;
  const decode = (chunk: Buffer): Buffer[] => {
    if (broken !== undefined) return [];
    try {
      const payload = decoder ? decoder.push(chunk) : [chunk];
      for (const bytes of payload) digests.update(bytes);
      if (digests.size > limit) throw entityTooLarge(digests.size, limit);
      return payload;
    } catch (error) {
      broken = error;
      return [];
    }
  };
  await pipeline(
    body ?? Readable.from([]),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) yield* decode(chunk);
    },
    sink,
  );
  if (broken !== undefined) throw broken as Error;
  decoder?.end();
  const found = digests.finish();
  verify(plan, found, decoder?.trailers ?? {});
  return found;
}

function verify(plan: BodyPlan, found: ReturnType<BodyDigests["finish"]>, trailers: Record<string, string>): void {
  checkLength(plan, found.size);
  if (plan.md5 && !plan.md5.equals(found.md5)) throw badDigest("Content-MD5");
  if (plan.sha256 !== undefined && plan.sha256 !== found.sha256) {
    throw new ServiceError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  if (plan.algorithm === undefined) return;
  const expected = plan.checksum ?? trailers[checksumHeader(plan.algorithm)];
  if (expected === undefined) {
    throw new ServiceError("MalformedTrailerError", `The request announced the trailer ${checksumHeader(plan.algorithm)}, but has none`);
  }
  checkFormat(plan.algorithm, expected);
  if (expected !== found.checksum) throw badDigest(plan.algorithm);
}
