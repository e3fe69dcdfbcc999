import * as assert from "node:assert/strict";
import { denyInsecureTransport } from "../../../components/dataLake/bucketPolicies";
import { policy } from "../../../components/shared/policies";
import { ZoneBucket, type ZoneBucketArgs } from "../../../components/dataLake/zoneBucket";
import { CONTEXT, deploy } from "../../support/pulumiMocks";

const PARENT = "c360:lake:ZoneBucket b";
const ARGS: ZoneBucketArgs = {
  context: CONTEXT,
  zone: "lake",
  policy: policy(denyInsecureTransport(CONTEXT, "acme-c360-lake-dev")),
  protect: true,
};

function inputsOf(resources: { type: string; name: string; parent: string; inputs: object }[]) {
  return Object.fromEntries(
    resources.filter(({ parent }) => parent === PARENT).map(({ type, name, inputs }) => [`${type.split(":")[2]} ${name}`, inputs]),
  );
}

describe("ZoneBucket", () => {
  it("is private, encrypted, versioned, cleaned up and TLS only", async () => {
    const { resources } = await deploy(() => void new ZoneBucket("b", ARGS));
    const bucket = "acme-c360-lake-dev";
    assert.deepEqual(inputsOf(resources), {
      "Bucket b-bucket": { bucket, forceDestroy: false, tags: CONTEXT.tags },
      "BucketPublicAccessBlock b-access": {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      "BucketOwnershipControls b-ownership": { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      "BucketServerSideEncryptionConfiguration b-encryption": {
        bucket,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
      },
      "BucketVersioning b-versioning": { bucket, versioningConfiguration: { status: "Enabled" } },
      "BucketLifecycleConfiguration b-lifecycle": {
        bucket,
        rules: [
          {
            id: "tidy",
            status: "Enabled",
            filter: {},
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
            expiration: { expiredObjectDeleteMarker: true },
            noncurrentVersionExpiration: { noncurrentDays: 30 },
          },
        ],
      },
      "BucketPolicy b-policy": {
        bucket,
        policy: {
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "DenyInsecureTransport",
              Effect: "Deny",
              Principal: "*",
              Action: "s3:*",
              Resource: ["arn:aws:s3:::acme-c360-lake-dev", "arn:aws:s3:::acme-c360-lake-dev/*"],
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        },
      },
    });
  });

  it("protects the bucket, and retains all its settings with it", async () => {
    const { resources } = await deploy(() => void new ZoneBucket("b", ARGS));
    const names = (kept: typeof resources) => kept.map(({ name }) => name).sort();
    assert.deepEqual(names(resources.filter(({ protect }) => protect)), ["b-bucket"]);
    assert.deepEqual(names(resources.filter(({ retainOnDelete }) => retainOnDelete)), [
      "b-access",
      "b-bucket",
      "b-encryption",
      "b-lifecycle",
      "b-ownership",
      "b-policy",
      "b-versioning",
    ]);
  });

  it("can be emptied and deleted when it is not protected", async () => {
    const { resources, get } = await deploy(() => void new ZoneBucket("b", { ...ARGS, protect: false, forceDestroy: true }));
    assert.equal(get("aws:s3/bucket:Bucket", "b-bucket").inputs.forceDestroy, true);
    assert.ok(resources.every(({ protect, retainOnDelete }) => !protect && !retainOnDelete));
  });

  it("expires everything after the given days", async () => {
    const { get } = await deploy(() => void new ZoneBucket("b", { ...ARGS, expireAfterDays: 7 }));
    assert.deepEqual(get("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "b-lifecycle").inputs.rules, [
      {
        id: "tidy",
        status: "Enabled",
        filter: {},
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        expiration: { days: 7 },
        noncurrentVersionExpiration: { noncurrentDays: 1 },
      },
      { id: "deleteMarkers", status: "Enabled", filter: {}, expiration: { expiredObjectDeleteMarker: true } },
    ]);
  });

  it("sends its access logs to another bucket, once that one admits them", async () => {
    const { get, names } = await deploy(() => {
      const target = new ZoneBucket("logs", { ...ARGS, zone: "infra" });
      return void new ZoneBucket("b", { ...ARGS, accessLogs: target });
    });
    const logging = get("aws:s3/bucketLogging:BucketLogging", "b-logging");
    assert.deepEqual(logging.inputs, {
      bucket: "acme-c360-lake-dev",
      targetBucket: "acme-c360-infra-dev",
      targetPrefix: "s3_access/lake/",
    });
    assert.deepEqual(logging.dependencies, ["b-bucket", "logs-bucket", "logs-policy"]);
    assert.deepEqual(names("aws:s3/bucketLogging:BucketLogging"), ["b-logging"]);
  });
});
