import * as assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Policy, Statement } from "../components/shared/policies";
import { pulumiProvider } from "@c360/local-aws";
import { FunctionError, type Provider } from "@c360/local-pulumi";
import { REPOSITORY } from "./support/program";
import { runStack, type StackResources, stackResources, stackWith, withAccount } from "./support/stackResources";

const BUCKETS = { upstream: "raw.events", lake: "the-lake", downstream: "exports", infra: "infra-logs", cache: "scratch" };
const GET_BUCKET = "aws:s3/getBucket:getBucket";

const STATEMENTS: Statement[] = [
  {
    Sid: "PersonalizeReadObjects",
    Effect: "Allow",
    Principal: { Service: "personalize.amazonaws.com" },
    Action: "s3:GetObject",
    Resource: ["arn:aws:s3:::exports/recommender/*"],
    Condition: {
      StringEquals: { "aws:SourceAccount": "123456789012" },
      StringLike: { "aws:SourceArn": "arn:aws:personalize:ap-southeast-1:123456789012:*" },
    },
  },
  {
    Sid: "PersonalizeListObjects",
    Effect: "Allow",
    Principal: { Service: "personalize.amazonaws.com" },
    Action: "s3:ListBucket",
    Resource: "arn:aws:s3:::exports",
    Condition: {
      StringEquals: { "aws:SourceAccount": "123456789012" },
      StringLike: { "s3:prefix": ["recommender/*"], "aws:SourceArn": "arn:aws:personalize:ap-southeast-1:123456789012:*" },
    },
  },
];

describe("a preview that adopts a lake", () => {
  const check = ({ printed, resources }: StackResources) => {
    assert.equal(printed.length, 1, printed.join("\n"));
    const [heading, ...json] = printed[0].split("\n");
    assert.equal(heading, "info: The policy of bucket exports needs these statements:");
    assert.deepEqual(JSON.parse(json.join("\n")), STATEMENTS);
    assert.deepEqual(bucketResources(resources), []);
    const known = JSON.stringify(resources.map(({ inputs }) => inputs));
    const { upstream, lake, downstream, cache } = BUCKETS;
    for (const bucket of [upstream, lake, downstream, cache]) assert.ok(known.includes(`arn:aws:s3:::${bucket}`), bucket);
    assert.doesNotMatch(known, /acme-c360-(upstream|lake|downstream|infra|cache)/);
  };

  it("prints what the downstream bucket needs", async () => {
    check(await stackResources("prod", { lake: "existing", buckets: BUCKETS }));
  });

  it("prints the same when a stack file says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "c360-adoption-"));
    try {
      cpSync(join(REPOSITORY, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
      const buckets = Object.entries(BUCKETS).map(([zone, name]) => `    ${zone}: ${name}\n`);
      const settings = `  c360-recommender:stage: prod\n  c360-recommender:lake: existing\n  c360-recommender:buckets:\n${buckets.join("")}`;
      writeFileSync(join(folder, "Pulumi.elsewhere.yaml"), `config:\n${settings}`);
      check(await runStack(await stackWith("elsewhere", {}, folder), { dryRun: true }));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("prints what the stage would put into a bucket of its own, for the personal stages that share it too", async () => {
    const created = await stackResources("dev", { buckets: BUCKETS });
    const adopted = await stackResources("dev", { buckets: BUCKETS, lake: "existing" });
    const policy = created.get("aws:s3/bucketPolicy:BucketPolicy", "acme-lake-downstream-policy");
    const [, ...own] = (policy.inputs.policy as Policy).Statement;
    assert.deepEqual(JSON.parse(adopted.printed[0].slice(adopted.printed[0].indexOf("\n"))), own);
    assert.deepEqual(own[0].Resource, ["arn:aws:s3:::exports/recommender/*", "arn:aws:s3:::exports/*/recommender/*"]);
    assert.deepEqual(created.printed, []);
  });

  it("creates nothing of a bucket in a personal stage, prints nothing, and shows every policy in full", async () => {
    const { printed, resources } = await stackResources("alice");
    assert.deepEqual([printed, bucketResources(resources)], [[], []]);
    const policies = resources.flatMap(({ inputs }) => [inputs.policy, inputs.assumeRolePolicy].filter(Boolean));
    assert.equal(policies.length, 6 + 6 + 1 + 1);
    assert.doesNotMatch(JSON.stringify(policies), /null/);
  });
});

describe("an update that adopts a lake", () => {
  /** Deploys a stack to a new account that has these buckets. */
  function update(stack: string, settings: Record<string, unknown>, existing: string[], invoke?: Provider["invoke"]) {
    return withAccount(async (closed) => {
      for (const bucket of existing) await closed.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:${bucket}`);
      const created: string[] = [];
      const provider = pulumiProvider(closed);
      const counting: Provider = {
        ...provider,
        create: (type, inputs, urn) => (created.push(type), provider.create(type, inputs, urn)),
        invoke: (token, args) => (invoke && token === GET_BUCKET ? invoke(token, args) : provider.invoke(token, args)),
      };
      const run = runStack(await stackWith(stack, settings), { provider: counting });
      return run.then(
        (deployed) => ({ created, deployed, failure: undefined }),
        (failure: Error) => ({ created, deployed: undefined, failure }),
      );
    });
  }

  const bucketsOfDev = (tenant: string) => Object.keys(BUCKETS).map((zone) => `${tenant}-c360-${zone}-dev`);

  it("stops before dev exists, names every missing bucket and creates nothing", async () => {
    const { failure, created } = await update("alice", { tenants: ["acme", "bolt"] }, []);
    const missing = ["acme", "bolt"].flatMap((tenant) =>
      Object.keys(BUCKETS).map((zone) => `${tenant}-c360-${zone}-dev (tenant ${tenant}, zone ${zone})`),
    );
    assert.equal(
      failure?.message,
      `stage alice adopts buckets that do not exist: ${missing.join(", ")}; deploy the stage dev first, or name existing buckets in ` +
        "buckets.upstream, buckets.lake, buckets.downstream, buckets.infra, buckets.cache",
    );
    assert.deepEqual(created, []);
  });

  it("names the one bucket that is missing, and no stage that would not create it", async () => {
    const existing = Object.values(BUCKETS).filter((bucket) => bucket !== BUCKETS.cache);
    const { failure, created } = await update("alice", { buckets: BUCKETS }, existing);
    assert.equal(
      failure?.message,
      "stage alice adopts buckets that do not exist: scratch (tenant acme, zone cache); " +
        "create them first, or name existing buckets in buckets.cache",
    );
    assert.deepEqual(created, []);
  });

  it("deploys once the buckets exist", async () => {
    const { failure, created, deployed } = await update("alice", {}, bucketsOfDev("acme"));
    assert.deepEqual([failure, deployed?.printed], [undefined, []]);
    assert.ok(created.length > 0 && created.every((type) => !type.startsWith("aws:s3/")), created.join());
    const { tenants } = deployed?.outputs as { tenants: { acme: { buckets: Record<string, string> } } };
    assert.deepEqual(Object.values(tenants.acme.buckets).sort(), bucketsOfDev("acme").sort());
  });

  it("warns about buckets that it may not read, because adopting needs no permission", async () => {
    const forbidden = (_token: string, { bucket }: { bucket?: unknown }): never => {
      const answer = "operation error S3: HeadBucket, https response error StatusCode: 403, Forbidden";
      const message = `1 error occurred:\n\t* reading S3 Bucket (${String(bucket)}): ${answer}\n`;
      throw new FunctionError(message);
    };
    const { failure, deployed } = await update("alice", {}, bucketsOfDev("acme"), forbidden);
    assert.equal(failure, undefined);
    const printed = deployed?.printed ?? [];
    assert.equal(printed.length, 5);
    assert.ok(
      printed.every((line) =>
        /^warning: bucket acme-c360-\w+-dev is adopted without a check, because it cannot be looked up: .*StatusCode: 403, Forbidden$/.test(
          line,
        ),
      ),
      printed.join("\n"),
    );
  });
});

function bucketResources(resources: StackResources["resources"]): StackResources["resources"] {
  return resources.filter(({ type }) => type.startsWith("aws:s3/") || type.endsWith(":ZoneBucket"));
}
