import type { Readable } from "node:stream";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import type { Context } from "aws-lambda";
import { environment, failure } from "../shared/lambda";
import { makeTaskPool } from "../shared/taskPool";
import { type Description, Descriptions, rulesFor } from "./descriptions";
import { type ColumnNames, describeFirstRow, type Layout, type Refusal } from "./firstRow";
import { describeObject, START_BYTES } from "./start";

const CONCURRENT_READS = 16;
/** Compressed objects above it are not inflated to their end, so that no object takes a whole invocation. Athena names a truncated one. */
const WHOLE_BYTES = 1024 ** 3;
const READ_ATTEMPTS = 3;
const NAMED_OBJECTS = 3;

const required = (name: string) => environment("describeHistory", name);
const Bucket = required("HISTORY_BUCKET");
const Prefix = required("HISTORY_PREFIX");
const names = JSON.parse(required("HISTORY_COLUMNS")) as ColumnNames;
const rules = rulesFor(names);

const client = new S3Client({
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000, socketTimeout: 30_000, throwOnRequestTimeout: true },
});
const store = new Descriptions(client, { Bucket: required("DESCRIPTIONS_BUCKET"), Key: required("DESCRIPTIONS_KEY") });

/** What history there is. */
export interface HistoryAnswer {
  objects: number;
  /** As stored. */
  bytes: number;
  /** Objects that are not described yet: the function must be called again unless it is 0. */
  left: number;
}

interface Listed {
  key: string;
  etag: string;
  bytes: number;
}

/**
 * Describes the history objects that it does not know by their ETags, for at most half the time of the invocation. Ignores objects
 * that Athena ignores.
 *
 * @throws Error named HistoryRefused, with the number of the objects that cannot be read, and the first three
 */
export async function handler(_event: unknown, context: Pick<Context, "getRemainingTimeInMillis">): Promise<HistoryAnswer> {
  const reserved = context.getRemainingTimeInMillis() / 2;
  const [listed, known] = await Promise.all([listHistory(), store.read()]);
  const described = new Map<string, Description>();
  const unknown: Listed[] = [];
  for (const object of listed) {
    const found = known.get(addressOf(object));
    if (found?.etag === object.etag && found.rules === rules) described.set(found.object, found);
    else unknown.push(object);
  }
  const kept = described.size;
  try {
    const reads = makeTaskPool(CONCURRENT_READS);
    for (const [i, listedObject] of unknown.entries()) {
      if (i > 0 && context.getRemainingTimeInMillis() < reserved) break;
      const object = addressOf(listedObject);
      await reads.start(async () => {
        described.set(object, { object, etag: listedObject.etag, rules, ...(await describe(listedObject)) });
      });
    }
    await reads.finish();
  } finally {
    if (described.size > kept || kept < known.size) await store.write(described.values());
  }
  const left = listed.length - described.size;
  if (left === 0) refuse([...described.values()]);
  return { objects: listed.length, bytes: listed.reduce((sum, { bytes }) => sum + bytes, 0), left };
}

async function listHistory(): Promise<Listed[]> {
  const listed: Listed[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
    for (const { Key: key = "", ETag: etag = "", Size: bytes = 0 } of Contents) if (!isHidden(key)) listed.push({ key, etag, bytes });
  }
  return listed;
}

/** The SDK does not retry a body that breaks off. */
async function describe({ key: Key, bytes }: Listed): Promise<Layout | Refusal> {
  if (bytes === 0) return describeFirstRow(Buffer.alloc(0), true, names);
  const isWhole = Key.endsWith(".gz") && bytes <= WHOLE_BYTES;
  const Range = isWhole ? undefined : `bytes=0-${START_BYTES}`;
  for (let attempt = 1; ; attempt += 1) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
    try {
      return await describeObject(Key, Body as Readable, isWhole, names);
    } catch (error) {
      if (attempt === READ_ATTEMPTS) throw error;
    }
  }
}

function refuse(described: Description[]): void {
  const refused = described.flatMap((found) => ("refused" in found ? [`"${found.object}" ${found.refused}`] : [])).sort();
  if (refused.length === 0) return;
  const more = refused.length > NAMED_OBJECTS ? [`and ${refused.length - NAMED_OBJECTS} more`] : [];
  const listed = [...refused.slice(0, NAMED_OBJECTS), ...more].join("; ");
  throw failure("HistoryRefused", `${refused.length} of ${described.length} history objects cannot be read: ${listed}`);
}

function addressOf({ key }: Listed): string {
  return `s3://${Bucket}/${key}`;
}

/** Whether it is a folder's marker, or has a name that Athena ignores. */
function isHidden(key: string): boolean {
  return /(^|\/)([_.][^/]*)?$/.test(key);
}
