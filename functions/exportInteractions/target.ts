import type { CompletedPart } from "@aws-sdk/client-s3";
import { failure } from "../shared/failure";
import type { Calls } from "./calls";
import { fromMetadata, toMetadata, type Current, type Manifest } from "./decide";
import type { Part } from "./part";
import { partFailure, type Connection } from "./source";

/** The object that is to be replaced, and the file beside it that repeats its manifest. */
export interface Target {
  /** What the key holds; undefined: nothing. */
  look(): Promise<Current | undefined>;
  /** Starts a multipart upload. */
  create(manifest: Manifest): Promise<Upload>;
  /** ETag and text of the manifest file; undefined: there is none. */
  lookAtManifestFile(): Promise<{ etag: string; text: string } | undefined>;
  /**
   * Writes the manifest file in place of what was there.
   *
   * @param etag of that; undefined: nothing was there
   */
  putManifestFile(text: string, etag: string | undefined): Promise<void>;
}

/** A multipart upload. */
export interface Upload {
  copy(number: number, part: Part, start: number, end: number): Promise<void>;
  upload(number: number, bytes: Buffer): Promise<void>;
  /**
   * Puts the object in its place, if that still holds what it held.
   *
   * @param bytes that it must have
   * @returns its ETag
   */
  complete(bytes: number, replaced: Current | undefined): Promise<string>;
  /** Gives up, whatever state it is in. */
  abort(): Promise<void>;
}

/** Where the CSV and its manifest file go. */
export interface TargetPlace {
  bucket: string;
  key: string;
  manifestKey: string;
}

export function makeTarget({ sdk, client }: Connection, calls: Calls, { bucket: Bucket, key: Key, manifestKey }: TargetPlace): Target {
  /** A listing, because a HEAD of a key that is absent is refused to a role that may list only this prefix. */
  const find = async (key: string): Promise<string | undefined> => {
    const command = new sdk.ListObjectsV2Command({ Bucket, Prefix: key, MaxKeys: 1 });
    const { Contents: [first] = [] } = await calls.make((options) => client.send(command, options));
    return first?.Key === key ? first.ETag : undefined;
  };
  return {
    look: async () => {
      if ((await find(Key)) === undefined) return undefined;
      const command = new sdk.HeadObjectCommand({ Bucket, Key });
      const { ETag = "", Metadata = {} } = await calls
        .make((options) => client.send(command, options))
        .catch((error: unknown) => {
          throw headFailure(error, `s3://${Bucket}/${Key}`);
        });
      return { etag: ETag, manifest: fromMetadata(Metadata) };
    },
    create: async (manifest) => {
      const command = new sdk.CreateMultipartUploadCommand({
        Bucket,
        Key,
        ContentType: "text/csv",
        Metadata: toMetadata(manifest),
        ChecksumAlgorithm: "CRC32",
        ChecksumType: "FULL_OBJECT",
      });
      const { UploadId } = await calls.make((options) => client.send(command, options));
      return makeUpload({ sdk, client }, calls, { Bucket, Key, UploadId });
    },
    lookAtManifestFile: async () => {
      const etag = await find(manifestKey);
      if (etag === undefined) return undefined;
      const command = new sdk.GetObjectCommand({ Bucket, Key: manifestKey, IfMatch: etag });
      const text = await calls.make(async (options) => (await client.send(command, options)).Body?.transformToString());
      return { etag, text: text ?? "" };
    },
    putManifestFile: async (Body, etag) => {
      const place = { Bucket, Key: manifestKey, Body, ContentType: "application/json" };
      await calls.make((options) => client.send(new sdk.PutObjectCommand({ ...place, ...holding(etag) }), options));
    },
  };
}

function makeUpload({ sdk, client }: Connection, calls: Calls, id: { Bucket: string; Key: string; UploadId: string | undefined }): Upload {
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
      const command = new sdk.UploadPartCommand({ ...id, PartNumber, Body });
      // TLS and the CRC32 protect the body: its SHA-256 in the signature would cost a sixth of the CPU.
      const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
      command.middlewareStack.add(
        (next) => (args) => {
          Object.assign((args.request as { headers: Record<string, string> }).headers, unsigned);
          return next(args);
        },
        { step: "build" },
      );
      const { ETag, ChecksumCRC32 } = await calls.make((options) => client.send(command, options));
      parts.push({ PartNumber, ETag, ChecksumCRC32 });
    },
    complete: async (bytes, replaced) => {
      const Parts = parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
      const command = new sdk.CompleteMultipartUploadCommand({
        ...id,
        MultipartUpload: { Parts },
        MpuObjectSize: bytes,
        ...holding(replaced?.etag),
      });
      return (await calls.make((options) => client.send(command, options))).ETag ?? "";
    },
    abort: async () => {
      await calls.makeAnyway(() => client.send(new sdk.AbortMultipartUploadCommand(id)));
    },
  };
}

/** Conditions of a write that replaces only what was seen. */
function holding(etag: string | undefined): { IfMatch?: string; IfNoneMatch?: string } {
  return etag === undefined ? { IfNoneMatch: "*" } : { IfMatch: etag };
}

/** A HEAD's refusal has no text. */
function headFailure(error: unknown, uri: string): unknown {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 403 ? failure("AccessDenied", `Not allowed to read "${uri}": it takes s3:GetObject`) : error;
}
