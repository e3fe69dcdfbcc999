import * as assert from "node:assert/strict";
import { DataLake, type DataLakeArgs } from "../../../components/dataLake/dataLake";
import { tenantContext } from "../../../components/shared/tenantContext";
import { CONTEXT, deploy } from "../../support/pulumiMocks";

const BUCKETS = { upstream: "up", lake: "la", downstream: "down", infra: "inf", cache: "ca" };
const ARGS: DataLakeArgs = {
  context: tenantContext({ ...CONTEXT, stage: "prod", buckets: BUCKETS }),
  protect: true,
};
const BUCKET = "aws:s3/bucket:Bucket";
const SOURCE_ACCOUNT = { "aws:SourceAccount": "123456789012" };
const SOURCE_ARN = { "aws:SourceArn": "arn:aws:personalize:ap-southeast-1:123456789012:*" };

function deny(bucket: string) {
  return {
    Sid: "DenyInsecureTransport",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

function admit(prefixes: string[]) {
  const Principal = { Service: "personalize.amazonaws.com" };
  return [
    {
      Sid: "PersonalizeReadObjects",
      Effect: "Allow",
      Principal,
      Action: "s3:GetObject",
      Resource: prefixes.map((prefix) => `arn:aws:s3:::down/${prefix}`),
      Condition: { StringEquals: SOURCE_ACCOUNT, StringLike: SOURCE_ARN },
    },
    {
      Sid: "PersonalizeListObjects",
      Effect: "Allow",
      Principal,
      Action: "s3:ListBucket",
      Resource: "arn:aws:s3:::down",
      Condition: { StringLike: { "s3:prefix": prefixes, ...SOURCE_ARN }, StringEquals: SOURCE_ACCOUNT },
    },
  ];
}

async function policies(args: DataLakeArgs): Promise<Record<string, unknown>> {
  const { resources } = await deploy(() => void new DataLake("l", args), { preview: true });
  const found = resources.filter(({ type }) => type === "aws:s3/bucketPolicy:BucketPolicy");
  return Object.fromEntries(found.map(({ name, inputs }) => [name, (inputs.policy as { Statement: unknown }).Statement]));
}

describe("DataLake", () => {
  it("creates five buckets, protected and retained", async () => {
    const { get, names, resources } = await deploy(() => void new DataLake("l", ARGS));
    assert.deepEqual(names("c360:lake:ZoneBucket"), ["l-cache", "l-downstream", "l-infra", "l-lake", "l-upstream"]);
    for (const [zone, bucket] of Object.entries(BUCKETS)) {
      const { inputs, parent, protect, retainOnDelete } = get(BUCKET, `l-${zone}-bucket`);
      const tags = { tenant: "acme", stage: "prod", project: "c360-recommender" };
      assert.deepEqual(
        { inputs, parent, protect, retainOnDelete },
        { inputs: { bucket, forceDestroy: false, tags }, parent: `c360:lake:ZoneBucket l-${zone}`, protect: true, retainOnDelete: true },
      );
    }
    const zones = resources.filter(({ type }) => type === "c360:lake:ZoneBucket");
    assert.ok(zones.every(({ parent }) => parent === "c360:lake:DataLake l"));
  });

  it("admits only Personalize to downstream and only access logs to infra", async () => {
    assert.deepEqual(await policies(ARGS), {
      "l-upstream-policy": [deny("up")],
      "l-lake-policy": [deny("la")],
      "l-downstream-policy": [deny("down"), ...admit(["recommender/*"])],
      "l-infra-policy": [
        deny("inf"),
        {
          Sid: "AccessLogs",
          Effect: "Allow",
          Principal: { Service: "logging.s3.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: "arn:aws:s3:::inf/s3_access/*",
          Condition: {
            StringEquals: SOURCE_ACCOUNT,
            ArnLike: { "aws:SourceArn": ["arn:aws:s3:::up", "arn:aws:s3:::la", "arn:aws:s3:::down", "arn:aws:s3:::ca"] },
          },
        },
      ],
      "l-cache-policy": [deny("ca")],
    });
  });

  it("admits Personalize to the prefixes of personal stages where they share the buckets", async () => {
    const { "l-downstream-policy": statements } = await policies({ ...ARGS, shared: true });
    assert.deepEqual(statements, [deny("down"), ...admit(["recommender/*", "*/recommender/*"])]);
  });

  it("leaves the source conditions out if told so", async () => {
    const { "l-downstream-policy": statements } = await policies({ ...ARGS, sourceConditions: false });
    const [read, list] = admit(["recommender/*"]);
    const { Condition, ...unconditional } = read;
    assert.ok(Condition);
    assert.deepEqual(statements, [deny("down"), unconditional, { ...list, Condition: { StringLike: { "s3:prefix": ["recommender/*"] } } }]);
  });

  it("expires only the cache, and logs access to every bucket but infra", async () => {
    const { resources, names } = await deploy(() => void new DataLake("l", ARGS));
    const lifecycles = resources.filter(({ type }) => type.endsWith(":BucketLifecycleConfiguration"));
    const expiring = lifecycles.filter(({ inputs }) => JSON.stringify(inputs).includes('"expiration":{"days":7}'));
    assert.deepEqual(
      expiring.map(({ name }) => name),
      ["l-cache-lifecycle"],
    );
    const logging = ["l-cache-logging", "l-downstream-logging", "l-lake-logging", "l-upstream-logging"];
    assert.deepEqual(names("aws:s3/bucketLogging:BucketLogging"), logging);
  });

  it("gives ARNs", async () => {
    const { outputs } = await deploy(() => ({ arns: new DataLake("l", ARGS).arns }));
    assert.deepEqual(outputs, { arns: arnsOfBuckets() });
  });

  it("creates nothing for adopted buckets, and knows their ARNs at preview", async () => {
    const adopt = () => ({ arns: new DataLake("l", { ...ARGS, lake: "existing" }).arns });
    const { outputs, resources, printed } = await deploy(adopt, { preview: true });
    assert.deepEqual(outputs, { arns: arnsOfBuckets() });
    assert.deepEqual(
      resources.map(({ type }) => type),
      ["pulumi:pulumi:Stack", "c360:lake:DataLake"],
    );
    assert.deepEqual(printed, []);
  });

  it("prints the statements that an adopted downstream bucket needs", async () => {
    const { printed } = await deploy(() => void new DataLake("l", { ...ARGS, lake: "existing", printStatements: true }));
    assert.equal(printed.length, 1);
    const [heading, ...json] = printed[0].split("\n");
    assert.match(heading, /The policy of bucket down needs these statements:$/);
    assert.deepEqual(JSON.parse(json.join("\n")), admit(["recommender/*"]));
  });
});

function arnsOfBuckets(): Record<string, string> {
  return Object.fromEntries(Object.entries(BUCKETS).map(([zone, name]) => [zone, `arn:aws:s3:::${name}`]));
}
