import { failure } from "../shared/failure";
import type { Calls } from "./calls";
import { fromMetadata, toMetadata, type Current, type Manifest } from "./decide";
import type { Connection } from "./reader";
import { CHECKSUM, holding, makeUpload, type Upload } from "./upload";

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
        ...CHECKSUM,
        ChecksumType: "FULL_OBJECT",
      });
      const { UploadId } = await calls.make((options) => client.send(command, options));
      return makeUpload({ sdk, client }, calls, { Bucket, Key, UploadId }, true);
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

/** A HEAD's refusal has no text. */
function headFailure(error: unknown, uri: string): unknown {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 403 ? failure("AccessDenied", `Not allowed to read "${uri}": it takes s3:GetObject`) : error;
}
