import type { CompletedPart } from "@aws-sdk/client-s3";
import type { Calls } from "./calls";
import type { Part } from "./part";
import { partFailure, type Connection } from "./reader";

/** A multipart upload. */
export interface Upload {
  copy(number: number, part: Part, start: number, end: number): Promise<void>;
  upload(number: number, bytes: Buffer): Promise<void>;
  /**
   * Puts the object in its place.
   *
   * @param bytes that it must have
   * @param condition on what is there
   * @returns its ETag
   */
  complete(bytes: number, condition?: Condition): Promise<string>;
  /** Gives up, whatever state it is in. */
  abort(): Promise<void>;
}

/** What must hold for a write: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export interface Condition {
  IfMatch?: string;
  IfNoneMatch?: string;
}

/** Names a multipart upload. */
export interface UploadId {
  Bucket: string;
  Key: string;
  UploadId: string | undefined;
}

/** Checksum of every byte of the CSV: S3 compares it whichever way the bytes came. */
export const CHECKSUM = { ChecksumAlgorithm: "CRC32" } as const;

/** @param checksum whether it was started with {@link CHECKSUM} */
export function makeUpload({ sdk, client }: Connection, calls: Calls, id: UploadId, checksum: boolean): Upload {
  const parts: CompletedPart[] = [];
  return {
    copy: async (PartNumber, { uri, bucket, key, etag }, start, end) => {
      const command = new sdk.UploadPartCopyCommand({
        ...id,
        PartNumber,
        CopySource: `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`,
        CopySourceRange: `bytes=${start}-${end - 1}`,
        CopySourceIfMatch: etag,
      });
      const { CopyPartResult: { ETag, ChecksumCRC32 } = {} } = await calls
        .make((options) => client.send(command, options))
        .catch((error: unknown) => {
          throw partFailure(uri, error);
        });
      parts.push({ PartNumber, ETag, ChecksumCRC32 });
    },
    upload: async (PartNumber, Body) => {
      const command = new sdk.UploadPartCommand({ ...id, PartNumber, Body, ...(checksum && CHECKSUM) });
      unsigned(command);
      const { ETag, ChecksumCRC32 } = await calls.make((options) => client.send(command, options));
      parts.push({ PartNumber, ETag, ChecksumCRC32 });
    },
    complete: async (bytes, condition) => {
      const Parts = parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
      const command = new sdk.CompleteMultipartUploadCommand({
        ...id,
        MultipartUpload: { Parts },
        MpuObjectSize: bytes,
        ...condition,
      });
      return (await calls.make((options) => client.send(command, options))).ETag ?? "";
    },
    abort: async () => {
      await calls.makeAnyway(() => client.send(new sdk.AbortMultipartUploadCommand(id)));
    },
  };
}

/**
 * That a write replaces only what was seen.
 *
 * @param etag of that; undefined: nothing was there
 */
export function holding(etag: string | undefined): Condition {
  return etag === undefined ? { IfNoneMatch: "*" } : { IfMatch: etag };
}

/** TLS protects the body: its SHA-256 in the signature would cost a sixth of the CPU. */
function unsigned(command: InstanceType<Connection["sdk"]["UploadPartCommand"]>): void {
  const header = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, header);
      return next(args);
    },
    { step: "build" },
  );
}
