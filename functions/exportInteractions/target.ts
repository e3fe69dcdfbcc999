import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { failure } from "../shared/lambda";
import { type Current, fromMetadata, type Manifest, toMetadata } from "./decide";
import type { S3 } from "./s3";
import { replacing, Upload } from "./upload";

const ATTEMPTS = 5;
/** How S3 refuses a write whose condition does not hold: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const CONFLICTS = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchUpload"];

/** Where the CSV and its manifest file go. */
export interface TargetLocation {
  bucket: string;
  key: string;
  manifestKey: string;
}

/** The CSV that is to be replaced, and the file beside it that repeats its manifest. */
export class Target {
  constructor(
    private readonly s3: S3,
    private readonly location: TargetLocation,
  ) {}

  /** The CSV that the key holds; undefined: none. */
  async find(): Promise<Current | undefined> {
    const { bucket: Bucket, key: Key } = this.location;
    if ((await this.etagOf(Key)) === undefined) return undefined;
    const {
      ETag = "",
      Metadata = {},
      LastModified,
    } = await this.s3.send(new HeadObjectCommand({ Bucket, Key })).catch((error: unknown) => {
      // S3 answers a HEAD without a text.
      const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
      if ($metadata?.httpStatusCode !== 403) throw error;
      throw failure("AccessDenied", `Not allowed to read "s3://${Bucket}/${Key}": it takes s3:GetObject`);
    });
    return { etag: ETag, lastModified: LastModified?.toISOString() ?? "", manifest: fromMetadata(Metadata) };
  }

  /** Starts the upload of a CSV, whose every byte S3 verifies. */
  startUpload(manifest: Manifest): Promise<Upload> {
    const checksum = { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const;
    return Upload.start(this.s3, this.location, { ContentType: "text/csv", Metadata: toMetadata(manifest), ...checksum });
  }

  /**
   * Makes the manifest file repeat what the CSV says about itself. The file is read before the CSV, and written only if it is still the
   * same. So of several writers the last is one that saw the newest CSV.
   *
   * @throws Error named TargetChanged if it changes again and again
   */
  async updateManifestFile(): Promise<void> {
    const { bucket: Bucket, manifestKey: Key } = this.location;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        const etag = await this.etagOf(Key);
        const found = etag && (await this.s3.read(`s3://${Bucket}/${Key}`, undefined, etag)).bytes.toString();
        const csv = await this.find();
        if (!csv?.manifest) return;
        const Body = `${JSON.stringify({ ...csv.manifest, etag: unquoted(csv.etag) })}\n`;
        const command = new PutObjectCommand({ Bucket, Key, Body, ContentType: "application/json", ...replacing(etag) });
        if (found !== Body) await this.s3.send(command);
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    throw failure("TargetChanged", `The manifest file changed each of the ${ATTEMPTS} times that it was to be written`);
  }

  /** By a listing, because S3 refuses a HEAD of an absent key to a role that may list only this prefix. */
  private async etagOf(key: string): Promise<string | undefined> {
    const { Contents: [first] = [] } = await this.s3.send(
      new ListObjectsV2Command({ Bucket: this.location.bucket, Prefix: key, MaxKeys: 1 }),
    );
    return first?.Key === key ? first.ETag : undefined;
  }
}

/** Whether S3 refused a write because it found another object than expected. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.includes((error as Error).name);
}

/** An ETag as manifests and answers have it. */
export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}
