import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { z } from "zod";
import { list, parsePolicy, statements } from "../iam/policy";
import { inputsOf } from "../inputs";
import { ASSET_SIGNATURE, SIGNATURE_KEY } from "../lambda/sandbox";
import type { Cloud, Json, Policy, ResourceType } from "../service";
import { ServiceError } from "../service";
import { BUCKET_SETTINGS } from "./bucketSettings";
import type { Catalog } from "./catalog";
import { putObject } from "./objects";

const GET_BUCKET = "aws:s3/getBucket:getBucket";
const BUCKET = "aws:s3/bucket:Bucket";
const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";
const OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2";
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const MAX_TAGS = 10;

/** Buckets, their settings and policies, and objects that the program uploads. */
export function resourceTypes(cloud: Cloud, catalog: Catalog): Record<string, ResourceType> {
  const region = z.literal(cloud.region, `${cloud.region} on the local cloud`).optional();
  const buckets = inputsOf(
    z.strictObject({
      bucket: z.string().refine(isBucketName, "3 to 63 lower-case letters, digits, dots and dashes by S3's naming rules").optional(),
      bucketPrefix: z.string().optional(),
      forceDestroy: z.boolean().optional(),
      tags: z.record(z.string(), z.string()).default({}),
      region,
    }),
    () => BUCKET,
  );
  const policies = inputsOf(z.strictObject({ bucket: z.string(), policy: z.unknown(), region }), () => BUCKET_POLICY);
  const settings = Object.entries(BUCKET_SETTINGS).map(([type, members]): [string, ResourceType] => {
    const inputs = inputsOf(
      z.strictObject({ bucket: z.string(), expectedBucketOwner: z.string().optional(), region, ...members }),
      () => type,
    );
    const create = async (given: Json) => ({ id: catalog.bucket(inputs.read(given).bucket).name, state: {} });
    return [type, { inputs: inputs.names, check: (given) => inputs.check(given), create }];
  });
  return {
    ...Object.fromEntries(settings),
    [BUCKET]: {
      inputs: buckets.names,
      check: (given) => buckets.check(given),
      create: async (given, urn) => {
        const { bucket, bucketPrefix, tags } = buckets.read(given);
        const name = bucket ?? generatedName(bucketPrefix, urn);
        if (!isBucketName(name)) throw new Error(`${BUCKET}: bucketPrefix must begin a bucket's name, got ${bucketPrefix}`);
        if (catalog.buckets.has(name)) throw new ServiceError("BucketAlreadyOwnedByYou", `the bucket ${name} exists`, 409);
        catalog.addBucket(name);
        return { id: name, state: { ...bucketAttributes(cloud, name), tagsAll: tags } };
      },
    },
    [BUCKET_POLICY]: {
      inputs: policies.names,
      check: (given) => policies.check(given),
      create: async (given) => {
        const { bucket, policy } = policies.read(given);
        catalog.setPolicy(bucket, bucketPolicy(policy, bucket));
        return { id: bucket, state: {} };
      },
    },
    [OBJECT]: {
      inputs: OBJECTS.names,
      check: (given) => OBJECTS.check(given),
      create: async (given) => {
        const { bucket, key, source, contentType, tags } = OBJECTS.read(given);
        const { body, size } = await openAsset(source);
        const headers = { "content-length": String(size), ...(contentType === undefined ? {} : { "content-type": contentType }) };
        const { etag } = await putObject(cloud, catalog, { bucket, key, headers }, { body });
        return { id: key, state: { etag, arn: `arn:aws:s3:::${bucket}/${key}`, storageClass: "STANDARD", tagsAll: tags } };
      },
    },
  };
}

/** Pulumi functions. An absent bucket is reported in the provider's words. */
export function bucketInvokes(cloud: Cloud, catalog: Catalog): Record<string, (inputs: Json) => Json> {
  return {
    [GET_BUCKET]: ({ bucket, region = cloud.region, ...others }) => {
      const [unknown] = Object.keys(others);
      if (unknown !== undefined) throw new Error(`the local cloud does not know the input ${unknown}`);
      if (typeof bucket !== "string") throw new Error(`bucket must be a bucket's name, got ${JSON.stringify(bucket)}`);
      if (region !== cloud.region) throw new Error(`region must be ${cloud.region}, got ${JSON.stringify(region)}`);
      if (!catalog.buckets.has(bucket)) throw new ServiceError("NotFound", `reading S3 Bucket (${bucket}): couldn't find resource`, 404);
      return bucketAttributes(cloud, bucket);
    },
  };
}

/** What the provider tells of a bucket, whether the program made it or looks it up. */
function bucketAttributes({ region }: Cloud, bucket: string): Json {
  return {
    bucket,
    region,
    arn: `arn:aws:s3:::${bucket}`,
    id: bucket,
    bucketDomainName: `${bucket}.s3.amazonaws.com`,
    bucketRegion: region,
    bucketRegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
  };
}

/** Pulumi's auto-naming, with a suffix that stays the same for the same resource. */
function generatedName(prefix: string | undefined, urn: string): string {
  const start = prefix ?? `${urn.slice(urn.lastIndexOf("::") + 2).toLowerCase()}-`;
  return start + createHash("sha256").update(urn).digest("hex").slice(0, 7);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)$/.test(name)
  );
}

/** @throws Error when a statement lacks a principal or names another bucket */
function bucketPolicy(document: unknown, bucket: string): Policy {
  const owner = `policy of bucket ${bucket}`;
  const policy = parsePolicy(document, owner);
  for (const { Principal, Resource } of statements(policy)) {
    if (Principal === undefined) throw new Error(`${owner}: a statement must have a Principal`);
    if (list(Resource).length === 0) throw new Error(`${owner}: a statement must have a Resource`);
    const foreign = list(Resource).find((arn) => arn !== `arn:aws:s3:::${bucket}` && !arn.startsWith(`arn:aws:s3:::${bucket}/`));
    if (foreign !== undefined) throw new Error(`${owner}: Resource must be the bucket or its objects, got ${foreign}`);
  }
  return policy;
}

/** A text, or a file of this machine, in the wire form of Pulumi's assets. */
interface Asset {
  text?: string;
  path?: string;
}

const isAsset = (value: unknown): boolean => {
  const { [SIGNATURE_KEY]: signature, path, text } = (value ?? {}) as Json;
  return signature === ASSET_SIGNATURE && (typeof path === "string" || typeof text === "string");
};

const OBJECTS = inputsOf(
  z.strictObject({
    bucket: z.string(),
    key: z.string().refine((key) => key !== "" && Buffer.byteLength(key) <= MAX_KEY_BYTES, `of 1 to ${MAX_KEY_BYTES} bytes`),
    source: z.custom<Asset>(isAsset, "a StringAsset or a FileAsset"),
    contentType: z.string().optional(),
    sourceHash: z.string().optional(),
    tags: z
      .record(z.string(), z.string())
      .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `at most ${MAX_TAGS}`)
      .default({}),
  }),
  ({ key }) => `BucketObjectv2 "${key as string}"`,
);

/** A file's relative path starts at the working directory. */
async function openAsset({ path, text }: Asset): Promise<{ body: Readable; size: number }> {
  if (path !== undefined && text === undefined) return { body: createReadStream(path), size: (await stat(path)).size };
  const bytes = Buffer.from(text ?? "");
  return { body: Readable.from([bytes]), size: bytes.length };
}
