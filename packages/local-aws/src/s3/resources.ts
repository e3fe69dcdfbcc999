import { createHash } from "node:crypto";
import { list, parsePolicy, statements } from "../iam/policy";
import type { Cloud, Json, Policy, ResourceType } from "../service";
import { ServiceError } from "../service";
import { bucketAttributes } from "./attributes";
import { BUCKET_SETTINGS } from "./bucketSettings";
import type { Catalog } from "./catalog";
import { flag, text, texts, type Shape } from "./shapes";
import { seconds } from "./xml";

const BUCKET: Record<string, Shape> = { bucket: text, bucketPrefix: text, forceDestroy: flag, tags: texts, region: text };
const BUCKET_TYPE = "aws:s3/bucket:Bucket";
const POLICY_TYPE = "aws:s3/bucketPolicy:BucketPolicy";

/** Buckets and what belongs to them. */
export function resourceTypes(cloud: Cloud, catalog: Catalog): Record<string, ResourceType> {
  const settings = Object.entries(BUCKET_SETTINGS).map(([type, shapes]): [string, ResourceType] => [
    type,
    {
      ...checked(type, cloud, { bucket: text, expectedBucketOwner: text, region: text, ...shapes }),
      create: async (inputs) => {
        const name = existing(catalog, type, inputs);
        return { id: name, state: {} };
      },
    },
  ]);
  return {
    [BUCKET_TYPE]: {
      ...checked(BUCKET_TYPE, cloud, BUCKET, ({ bucket }) => bucket !== undefined && checkName(bucket as string)),
      create: (inputs, urn) => createBucket(cloud, catalog, inputs, urn),
    },
    ...Object.fromEntries(settings),
    [POLICY_TYPE]: {
      ...checked(POLICY_TYPE, cloud, { bucket: text, policy: () => undefined, region: text }),
      create: async (inputs) => {
        const bucket = existing(catalog, POLICY_TYPE, inputs);
        await catalog.commit({ op: "policy", bucket, policy: bucketPolicy(inputs.policy, bucket) });
        return { id: bucket, state: {} };
      },
    },
  };
}

function checked(type: string, cloud: Cloud, shapes: Record<string, Shape>, more?: (inputs: Json) => unknown) {
  return {
    inputs: Object.keys(shapes),
    check: (inputs: Json): void => {
      for (const [name, value] of Object.entries(inputs))
        if (value !== undefined && value !== null) shapes[name]?.(value, `${type}: ${name}`);
      if (inputs.region !== undefined && inputs.region !== cloud.region) {
        throw new Error(`${type}: region must be ${cloud.region} on the local cloud, got ${JSON.stringify(inputs.region)}`);
      }
      more?.(inputs);
    },
  };
}

function existing(catalog: Catalog, type: string, { bucket }: Json): string {
  if (typeof bucket !== "string") throw new Error(`${type}: bucket must be a bucket's name, got ${String(bucket)}`);
  return catalog.bucket(bucket).name;
}

async function createBucket(cloud: Cloud, catalog: Catalog, inputs: Json, urn: string): Promise<{ id: string; state: Json }> {
  const bucket = (inputs.bucket as string | undefined) ?? generatedName(inputs.bucketPrefix as string | undefined, urn);
  checkName(bucket);
  await catalog.locked(bucket, "", async () => {
    if (catalog.buckets.has(bucket)) throw new ServiceError("BucketAlreadyOwnedByYou", `the bucket ${bucket} exists`, 409);
    await catalog.commit({ op: "bucket", bucket, created: seconds(cloud) });
  });
  return {
    id: bucket,
    state: { ...bucketAttributes(cloud, bucket), tagsAll: inputs.tags ?? {} },
  };
}

/** Pulumi's auto-naming, with a suffix that stays the same for the same resource. */
function generatedName(prefix: string | undefined, urn: string): string {
  const start = prefix ?? `${urn.slice(urn.lastIndexOf("::") + 2).toLowerCase()}-`;
  return start + createHash("sha256").update(urn).digest("hex").slice(0, 7);
}

/**
 * @throws Error naming the rule
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
function checkName(name: string): void {
  const wrong =
    !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) ||
    name.includes("..") ||
    /^\d+\.\d+\.\d+\.\d+$/.test(name) ||
    /^(xn--|sthree-|amzn-s3-demo-)/.test(name) ||
    /(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
  if (wrong) {
    throw new Error(`${BUCKET_TYPE}: bucket must be 3 to 63 lower-case letters, digits, dots and dashes by S3's naming rules, got ${name}`);
  }
}

/** @throws Error when a statement lacks a principal or speaks of another bucket */
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
