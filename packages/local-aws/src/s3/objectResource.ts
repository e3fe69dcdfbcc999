import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { ASSET_SIGNATURE, SIGNATURE_KEY } from "../lambda/sandbox";
import type { Cloud, Json, ResourceType } from "../service";
import type { Catalog } from "./catalog";
import { text, texts, type Shape } from "./shapes";
import { putObject } from "./write";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const MAX_TAGS = 10;
const TYPE = "aws:s3/bucketObjectv2:BucketObjectv2";
const INPUTS: Record<string, Shape> = { bucket: text, key: text, source: asset, contentType: text, sourceHash: text, tags: texts };

interface Named {
  bucket: string;
  key: string;
  contentType?: string;
}

/** Objects that the program uploads from a text or a file of this machine; the key's object before is replaced. */
export function objectResource(cloud: Cloud, catalog: Catalog): Record<string, ResourceType> {
  return {
    [TYPE]: {
      inputs: Object.keys(INPUTS),
      check,
      create: async (inputs) => {
        const { bucket, key, source, contentType, tags = {} } = inputs as Json & Named;
        for (const name of ["bucket", "key", "source"]) {
          if (inputs[name] === undefined) throw new Error(`${owner(inputs)}: ${name} must be given`);
        }
        const { body, size } = await open(source);
        const headers = { "content-length": String(size), ...(contentType === undefined ? {} : { "content-type": contentType }) };
        const { etag } = await putObject(cloud, catalog, { bucket, key, headers, query: () => undefined }, { body });
        const state = { etag, arn: `arn:aws:s3:::${bucket}/${key}`, storageClass: "STANDARD", tagsAll: tags };
        return { id: key, state };
      },
    },
  };
}

const owner = ({ key }: Json): string => `BucketObjectv2 "${String(key)}"`;

function check(inputs: Json): void {
  for (const [name, value] of Object.entries(inputs)) {
    if (value !== undefined && value !== null) INPUTS[name]?.(value, `${owner(inputs)}: ${name}`);
  }
  const { key, tags = {} } = inputs as { key?: string; tags?: Json };
  const bytes = Buffer.byteLength(key ?? "-");
  if (bytes < 1 || bytes > MAX_KEY_BYTES) throw new Error(`${owner(inputs)}: key must have 1 to ${MAX_KEY_BYTES} bytes, got ${bytes}`);
  const count = Object.keys(tags).length;
  if (count > MAX_TAGS) throw new Error(`${owner(inputs)}: tags must be at most ${MAX_TAGS}, got ${count}`);
}

/** A text or a file; it is not read. */
function asset(value: unknown, path: string): void {
  const { [SIGNATURE_KEY]: signature, path: file, text: content } = (value ?? {}) as Json;
  if (signature !== ASSET_SIGNATURE || (typeof file !== "string" && typeof content !== "string")) {
    throw new Error(`${path} must be a StringAsset or a FileAsset, got ${kindOf(value)}`);
  }
}

function kindOf(value: unknown): string {
  const { uri, [SIGNATURE_KEY]: signature } = (value ?? {}) as Json;
  if (typeof uri === "string") return `the address ${uri}`;
  return signature === undefined ? JSON.stringify(value) : "an archive";
}

/** A file's relative path starts at the working directory. */
async function open(source: unknown): Promise<{ body: Readable; size: number }> {
  const { path, text: content } = source as { path?: string; text?: string };
  if (path !== undefined && content === undefined) return { body: createReadStream(path), size: (await stat(path)).size };
  const bytes = Buffer.from(content ?? "");
  return { body: Readable.from([bytes]), size: bytes.length };
}
