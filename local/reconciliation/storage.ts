import { gunzipSync } from "node:zlib";
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, type GetObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";

/** Key prefixes of the upstream bucket, as the data contracts define them. */
export interface UpstreamPrefixes {
  history: string;
  latest: string;
  errors: string;
  deadLetter: string;
  /** Batches that Lambda gave up on. */
  discarded: string;
}

/** Where a run of the pipeline leaves its results, as the data contracts define it. */
export interface ExportLocations {
  /** Bucket of the table. */
  lake: string;
  /** Bucket of the CSV. */
  downstream: string;
  /** Key prefix of the interactions table in lake. */
  table: string;
  /** Key in downstream. */
  csv: string;
  /** Key in downstream. */
  manifest: string;
}

/** Keys of prod, staging and dev have no prefix; those of every other stage begin with its name. */
function keyPrefix(stage: string): string {
  return ["prod", "staging", "dev"].includes(stage) ? "" : `${stage}/`;
}

/** A stage's prefixes in upstream. */
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

/** Locations of a stage's table and CSV. */
export function exportLocations(stage: string, { lake, downstream }: Pick<ExportLocations, "lake" | "downstream">): ExportLocations {
  const input = `${keyPrefix(stage)}recommender/personalize_input`;
  return {
    ...{ lake, downstream },
    table: `${keyPrefix(stage)}crm_derived_restricted/t200_dashboard_interaction/`,
    csv: `${input}.csv`,
    manifest: `${input}.manifest.json`,
  };
}

/** Lists the keys below a prefix, in order. */
export async function* listKeys(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<string> {
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }));
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** An object with its content, decompressed if it is gzip. */
export interface StoredObject {
  key: string;
  /** Bytes as stored. */
  size: number;
  content: Buffer;
}

/** Reads the objects below a prefix, one in memory at a time. */
export async function* readObjects(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<StoredObject> {
  for await (const key of listKeys(s3, bucket, prefix)) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (!Body) throw new Error(`s3://${bucket}/${key} has no body`);
    const stored = Buffer.from(await Body.transformToByteArray());
    const content = stored[0] === 0x1f && stored[1] === 0x8b ? gunzipSync(stored) : stored;
    yield { key, size: stored.length, content };
  }
}

/** @returns undefined when there is no such object */
export async function getObject(s3: S3Client, bucket: string, key: string): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
