import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Cloud, Json, Principal } from "../../service";
import { ServiceError } from "../../service";
import { JobFailure } from "../lifecycle";
import type { CsvFile } from "./rows";

const SERVICE = "personalize.amazonaws.com";

/** Where a job reads, and whom it reads as. */
export interface ImportSource {
  /** `s3://bucket/key` of a file, or `s3://bucket/prefix/` of a folder. */
  location: string;
  roleArn: string;
  /** What the role's trust and the bucket's policy may ask for as aws:SourceArn. */
  jobArn: string;
}

/**
 * Brings the objects of a job to this machine. Both must be allowed to list and read them: the role, and the service by the bucket's policy.
 *
 * @param folder absolute path that receives the files
 * @param signal ends it before the next file
 * @returns the files by their S3 address
 * @throws JobFailure naming what is not allowed, or not there
 */
export async function fetchSource(
  cloud: Cloud,
  { location, roleArn, jobArn }: ImportSource,
  folder: string,
  signal: AbortSignal,
): Promise<CsvFile[]> {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
  const context = { "aws:SourceArn": jobArn };
  try {
    const role = cloud.assume(roleArn, SERVICE, context);
    const service = cloud.serve(SERVICE, context);
    await listKeys(cloud, service, bucket, key);
    const keys = (await listKeys(cloud, role, bucket, key)).filter((found) => found === key || key.endsWith("/") || key === "");
    if (keys.length === 0) throw new JobFailure(`There is no object at ${location}.`);
    const files: CsvFile[] = [];
    for (const [i, Key] of keys.entries()) {
      signal.throwIfAborted();
      const call = (as: Principal, method: string) =>
        cloud.call(as, "s3", `${method} /{Bucket}/{Key+}`, { Bucket: bucket, Key, headers: {} });
      await call(service, "HEAD");
      const { body = Buffer.alloc(0) } = await call(role, "GET");
      const file = join(folder, `part-${i}.csv`);
      await pipeline(Buffer.isBuffer(body) ? Readable.from([body]) : body, createWriteStream(file));
      files.push({ uri: `s3://${bucket}/${Key}`, file });
    }
    return files;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new JobFailure(`Insufficient privileges or missing data at ${location}: ${error.message}`);
  }
}

async function listKeys(cloud: Cloud, as: Principal, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let token: unknown; ;) {
    const page = { "list-type": "2", prefix, ...(token === undefined ? {} : { "continuation-token": token }) };
    const { output } = await cloud.call(as, "s3", "GET /{Bucket}?list-type", { Bucket: bucket, ...page });
    const { Contents = [], NextContinuationToken } = output?.ListBucketResult as { Contents?: Json[]; NextContinuationToken?: string };
    keys.push(...Contents.map(({ Key }) => String(Key)).filter((key) => !key.endsWith("/")));
    if (NextContinuationToken === undefined) return keys;
    token = NextContinuationToken;
  }
}
