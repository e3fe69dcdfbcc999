import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { environment, failure } from "../shared/lambda";
import { makeTaskPool } from "../shared/taskPool";
import { headerRule, wrongHeader } from "./firstRow";

const CONCURRENT_READS = 16;
/** Far more than a header line, with gzip's own header and a file name before it. */
const START_BYTES = 4096;

const Bucket = environment("checkHistory", "HISTORY_BUCKET");
const Prefix = environment("checkHistory", "HISTORY_PREFIX");

const client = new S3Client({
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000, socketTimeout: 10_000, throwOnRequestTimeout: true },
});

/** The objects that were checked. */
export interface HistoryAnswer {
  objects: number;
  /** As stored. */
  bytes: number;
}

/**
 * Checks that the first row of every history object is a header with the columns in their order. Ignores objects that Athena ignores.
 *
 * @throws Error named HistoryHeader, with the first object whose first row is not, and the number of the others
 */
export async function handler(): Promise<HistoryAnswer> {
  const answer = { objects: 0, bytes: 0 };
  const wrong: { key: string; found: string }[] = [];
  const reads = makeTaskPool(CONCURRENT_READS);
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
    for (const { Key: key = "", Size: bytes = 0 } of Contents) {
      if (isHidden(key)) continue;
      answer.objects += 1;
      answer.bytes += bytes;
      await reads.start(async () => {
        const found = wrongHeader(bytes === 0 ? Buffer.alloc(0) : await readStart(key), key.endsWith(".gz"));
        if (found !== undefined) wrong.push({ key, found });
      });
    }
  }
  await reads.finish();
  if (wrong.length === 0) return answer;
  const [first, ...others] = wrong.sort((a, b) => (a.key < b.key ? -1 : 1));
  const more = others.length === 0 ? "" : `; so it is with ${others.length} more of ${answer.objects} objects`;
  throw failure("HistoryHeader", `Object "s3://${Bucket}/${first.key}": ${headerRule()}, got ${first.found}${more}`);
}

async function readStart(Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=0-${START_BYTES - 1}` }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** Whether it is a folder's marker, or has a name that Athena ignores. */
function isHidden(key: string): boolean {
  return /(^|\/)([_.][^/]*)?$/.test(key);
}
