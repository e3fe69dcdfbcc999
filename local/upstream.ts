import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { gunzipSync } from "node:zlib";

/** An object with its content, inflated when it is gzip. */
export interface StoredObject {
  key: string;
  /** Bytes as stored. */
  size: number;
  content: Buffer;
}

/** Key prefixes of the upstream bucket, as the data contracts have them. */
export interface UpstreamPrefixes {
  history: string;
  latest: string;
  errors: string;
  deadLetter: string;
  /** Where Lambda puts batches it gave up. */
  discarded: string;
}

/** What a stage's keys begin with: prod, staging and dev keep them at the top, every other stage below its name. */
export function keyPrefix(stage: string): string {
  return ["prod", "staging", "dev"].includes(stage) ? "" : `${stage}/`;
}

/** A stage's places in upstream. */
export function upstreamPrefixes(stage: string): UpstreamPrefixes {
  const feed = `${keyPrefix(stage)}crm/dashboard_interaction/`;
  return {
    history: `${feed}history/`,
    latest: `${feed}latest/`,
    errors: `${feed}errors/`,
    deadLetter: `${feed}dead_letter/`,
    discarded: "aws/lambda/",
  };
}

/** Keys below a prefix, in order, page after page. */
export async function* listKeys(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<string> {
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }));
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** Objects below a prefix with their content, one in memory at a time. */
export async function* readObjects(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<StoredObject> {
  for await (const key of listKeys(s3, bucket, prefix)) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (!Body) throw new Error(`s3://${bucket}/${key} came without a body`);
    const stored = Buffer.from(await Body.transformToByteArray());
    const content = stored[0] === 0x1f && stored[1] === 0x8b ? gunzipSync(stored) : stored;
    yield { key, size: stored.length, content };
  }
}
