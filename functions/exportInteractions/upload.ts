import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { failure } from "../shared/lambda";
import { makeTaskPool } from "../shared/taskPool";
import type { BufferPool } from "./memory";
import { type Part, partFailure } from "./parts";
import { S3_LIMITS } from "./plan";
import type { Address, S3 } from "./s3";

/** Uploads of one object at a time. */
const UPLOADS = 2;

/** What must hold for a write: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export interface Condition {
  IfMatch?: string;
  IfNoneMatch?: string;
}

/** An object after it was written. */
export interface Written {
  /** As S3 returns it, in quotes. */
  etag: string;
  size: number;
}

/** A multipart upload, made of numbered steps in any order. */
export class Upload {
  private readonly completed: CompletedPart[] = [];

  private constructor(
    private readonly s3: S3,
    private readonly id: { Bucket: string; Key: string; UploadId: string | undefined },
    private readonly checksum: Pick<CreateMultipartUploadCommandInput, "ChecksumAlgorithm">,
  ) {}

  /** @param properties of the object. With a checksum algorithm, S3 verifies every byte, uploaded or copied */
  static async start(
    s3: S3,
    { bucket: Bucket, key: Key }: Address,
    properties: Partial<CreateMultipartUploadCommandInput> = {},
  ): Promise<Upload> {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...properties }));
    return new Upload(s3, { Bucket, Key, UploadId }, { ChecksumAlgorithm: properties.ChecksumAlgorithm });
  }

  /** Lets S3 copy bytes `start` to `end` (exclusive) of a part. @throws Error named PartChanged */
  async copy(PartNumber: number, { uri, bucket, key, etag }: Part, start: number, end: number): Promise<void> {
    const command = new UploadPartCopyCommand({
      ...this.id,
      PartNumber,
      CopySource: `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`,
      CopySourceRange: `bytes=${start}-${end - 1}`,
      CopySourceIfMatch: etag,
    });
    const { CopyPartResult: { ETag, ChecksumCRC32 } = {} } = await this.s3.send(command).catch((error: unknown) => {
      throw partFailure(uri, error);
    });
    this.completed.push({ PartNumber, ETag, ChecksumCRC32 });
  }

  async upload(PartNumber: number, Body: Buffer): Promise<void> {
    const command = new UploadPartCommand({ ...this.id, PartNumber, Body, ...this.checksum });
    // TLS protects the body: its SHA-256 in the signature would cost a sixth of the CPU.
    command.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: Record<string, string> }).headers, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
        return next(args);
      },
      { step: "build" },
    );
    const { ETag, ChecksumCRC32 } = await this.s3.send(command);
    this.completed.push({ PartNumber, ETag, ChecksumCRC32 });
  }

  /**
   * Puts the object in its place.
   *
   * @param bytes that the object must have
   * @param condition on what the key holds before. @default none
   * @returns its ETag
   */
  async complete(bytes: number, condition?: Condition): Promise<string> {
    const Parts = this.completed.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const command = new CompleteMultipartUploadCommand({
      ...{ ...this.id, MultipartUpload: { Parts }, MpuObjectSize: bytes },
      ...condition,
    });
    return (await this.s3.send(command)).ETag ?? "";
  }

  /** Aborts the upload. A failure to do so does not matter: a bucket's lifecycle rule removes it. */
  async abort(): Promise<void> {
    await this.s3.cleanUp(new AbortMultipartUploadCommand(this.id)).catch(() => {});
  }
}

/**
 * The condition that a write replaces only what was found.
 *
 * @param etag of the object that was found; undefined: there was none
 */
export function replacing(etag: string | undefined): Condition {
  return etag === undefined ? { IfNoneMatch: "*" } : { IfMatch: etag };
}

/**
 * Writes chunks as one object: by one request if they fit into one buffer, else by a multipart upload. Aborts the upload, and stops S3,
 * when something fails.
 *
 * @param chunks may be reused after the next is requested
 * @throws Error named TooManySteps; what the chunks, or S3, threw
 */
export async function writeObject(s3: S3, address: Address, chunks: AsyncIterable<Buffer>, pool: BufferPool): Promise<Written> {
  const uploads = makeTaskPool(UPLOADS, (error) => s3.stop(error));
  let upload: Upload | undefined;
  let buffer: Buffer | undefined;
  let [filled, size, number] = [0, 0, 0];
  const send = async (bytes: Buffer) => {
    if (number === S3_LIMITS.steps) {
      const uri = `s3://${address.bucket}/${address.key}`;
      throw failure("TooManySteps", `"${uri}" must have at most ${S3_LIMITS.steps} times ${pool.size} bytes`);
    }
    upload ??= await Upload.start(s3, address);
    const [started, step, full] = [upload, (number += 1), bytes.subarray(0, filled)];
    [buffer, filled] = [undefined, 0];
    await uploads.start(() => started.upload(step, full).finally(() => pool.give(bytes)));
  };
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        buffer ??= await pool.take();
        const copied = chunk.copy(buffer, filled, at);
        [at, filled] = [at + copied, filled + copied];
        if (filled === pool.size) await send(buffer);
      }
      size += chunk.length;
    }
    if (!upload) return { etag: await putObject(s3, address, buffer ? buffer.subarray(0, filled) : Buffer.alloc(0)), size };
    if (buffer) await send(buffer);
    await uploads.finish();
    return { etag: await upload.complete(size), size };
  } catch (error) {
    s3.stop(error);
    await Promise.allSettled([uploads.finish()]);
    await upload?.abort();
    throw error;
  } finally {
    if (buffer) pool.give(buffer);
  }
}

/** Writes a small object; returns its ETag. */
export async function putObject(s3: S3, { bucket: Bucket, key: Key }: Address, Body: Buffer): Promise<string> {
  return (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).ETag ?? "";
}
