import * as assert from "node:assert/strict";
import { tenantOf } from "../support/principals";
import type { StackResource, StackResources } from "../support/stackResources";
import { twoTenants } from "../support/twoTenants";

const BUCKETS = ["lake-cache", "lake-downstream", "lake-infra", "lake-lake", "lake-upstream"];
const BUCKET_SETTINGS = ["access", "bucket", "encryption", "lifecycle", "logging", "ownership", "policy", "versioning"];
const PROTECTED = [
  "feed-delivery",
  ...BUCKETS.map((bucket) => `${bucket}-bucket`),
  ...["dataset", "dataset-group", "schema", "tracker"].map((part) => `recommender-${part}`),
].sort();
const RETAINED = BUCKETS.flatMap((bucket) => BUCKET_SETTINGS.map((setting) => `${bucket}-${setting}`)).filter(
  (name) => name !== "lake-infra-logging",
);

const KEPT = {
  protect: PROTECTED,
  retainOnDelete: RETAINED.sort(),
  buckets: { forceDestroy: [false, false, false, false, false], versioning: Array<string>(5).fill("Enabled") },
};
/** Log groups of the feed, the forwarder, the two functions at the pipeline's ends (or the job, which has two) and the pipeline. */
const logDays = (days: number) => Array<number>(5).fill(days);
const NIGHTLY = { schedules: ["cron(15 2 * * ? *)"], dropsQueries: [true] };
const LOOSE = { protect: [], retainOnDelete: [], schedules: [], dropsQueries: [true] };
const YOUNG = { streamHours: 24, ageSeconds: 74_057 };

/** What docs/configuration.md says of the stages; the age is 6/7 of the stream's retention. */
const STAGES: Record<string, object> = {
  prod: { ...KEPT, ...NIGHTLY, streamHours: 168, ageSeconds: 518_400, logDays: logDays(90) },
  staging: { ...KEPT, ...NIGHTLY, ...YOUNG, logDays: logDays(30) },
  dev: { ...LOOSE, ...YOUNG, logDays: logDays(14), buckets: { ...KEPT.buckets, forceDestroy: [true, true, true, true, true] } },
  alice: { ...LOOSE, ...YOUNG, logDays: logDays(14), buckets: { forceDestroy: [], versioning: [] } },
};

describe("a stage", () => {
  let stacks: StackResources[];
  before(async () => {
    stacks = await twoTenants();
  });

  const ofTenant = (stage: string, tenant: string): StackResource[] =>
    stacks.filter(({ stack }) => stack === stage).flatMap(({ resources }) => resources.filter(({ name }) => tenantOf(name) === tenant));

  for (const [stage, expected] of Object.entries(STAGES)) {
    it(`${stage} decides what is kept, and for how long`, () => assert.deepEqual(policyOf(ofTenant(stage, "acme")), expected));
  }

  it("protects a tenant with settings of its own as it does the others, for the retention that it wants", () => {
    for (const [stage, expected] of Object.entries(STAGES)) {
      const own = { streamHours: 48, ageSeconds: 148_114, logDays: logDays(7) };
      assert.deepEqual(policyOf(ofTenant(stage, "acme2")), { ...expected, ...own }, stage);
    }
  });

  it("expires nothing but the cache, superseded versions and unfinished uploads", () => {
    for (const stage of ["prod", "staging", "dev"]) {
      const lifecycles = ofTenant(stage, "acme").filter(({ type }) => type.endsWith(":BucketLifecycleConfiguration"));
      const found = lifecycles.map(({ name, inputs }) => [
        name.slice("acme-lake-".length, -"-lifecycle".length),
        (inputs.rules as Record<string, object>[]).map(({ expiration, noncurrentVersionExpiration, abortIncompleteMultipartUpload }) => ({
          ...expiration,
          ...noncurrentVersionExpiration,
          ...abortIncompleteMultipartUpload,
        })),
      ]);
      const kept = [{ expiredObjectDeleteMarker: true, noncurrentDays: 30, daysAfterInitiation: 7 }];
      const cache = [{ days: 7, noncurrentDays: 1, daysAfterInitiation: 7 }, { expiredObjectDeleteMarker: true }];
      assert.deepEqual(Object.fromEntries(found), { upstream: kept, lake: kept, downstream: kept, infra: kept, cache }, stage);
    }
  });
});

function policyOf(resources: StackResource[]): object {
  const named = (flag: "protect" | "retainOnDelete") =>
    resources
      .filter((resource) => resource.custom && resource[flag])
      .map(({ name }) => name.slice(name.indexOf("-") + 1))
      .sort();
  const input = (type: string, key: string) =>
    resources.filter((resource) => resource.type.endsWith(`:${type}`)).map(({ inputs }) => inputs[key]);
  return {
    protect: named("protect"),
    retainOnDelete: named("retainOnDelete"),
    buckets: {
      forceDestroy: input("Bucket", "forceDestroy"),
      versioning: input("BucketVersioning", "versioningConfiguration").map((value) => (value as { status: string }).status),
    },
    streamHours: input("Stream", "retentionPeriod")[0],
    ageSeconds: input("EventSourceMapping", "maximumRecordAgeInSeconds")[0],
    logDays: input("LogGroup", "retentionInDays"),
    schedules: input("Schedule", "scheduleExpression"),
    dropsQueries: input("Workgroup", "forceDestroy"),
  };
}
