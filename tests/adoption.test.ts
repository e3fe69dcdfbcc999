import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Policy, Statement } from "../components/shared/policies";
import { buildCloud, pulumiProvider, ServiceError } from "@c360/local-aws";
import { type Deployment, ProgramFailure, type Provider, runProgram } from "@c360/local-pulumi";
import { readProgramStack } from "../local/stack";
import { configFlags, configOverrides, previewCommand, type PreviewRun } from "./support/previewCommand";
import { copyProgram, REPOSITORY } from "./support/program";

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

describe("a preview that adopts a lake", function () {
  this.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), "c360-adoption-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const check = ({ code, errors, resources }: PreviewRun) => {
    assert.deepEqual([code, errors.length], [0, 1], errors.join("\n"));
    const [heading, ...json] = errors[0].split("\n");
    assert.equal(heading, "info: The policy of bucket exports needs these statements:");
    assert.deepEqual(JSON.parse(json.join("\n")), STATEMENTS);
    assert.deepEqual(
      resources().filter(({ type }) => type.startsWith("aws:s3/") || type.endsWith(":ZoneBucket")),
      [],
    );
    const known = JSON.stringify(resources());
    const { upstream, lake, downstream, cache } = BUCKETS;
    for (const bucket of [upstream, lake, downstream, cache]) assert.ok(known.includes(`arn:aws:s3:::${bucket}`), bucket);
    assert.doesNotMatch(known, /acme-c360-(upstream|lake|downstream|infra|cache)/);
  };

  it("by flags prints what the downstream bucket needs", async () => {
    check(await previewCommand(["--stack", "prod", ...configFlags({ lake: "existing", buckets: BUCKETS })]));
  });

  it("by a stack file prints the same", async () => {
    const copy = join(folder, "program");
    copyProgram(copy);
    const buckets = Object.entries(BUCKETS).map(([zone, name]) => `    ${zone}: ${name}\n`);
    const settings = `  c360-recommender:stage: prod\n  c360-recommender:lake: existing\n  c360-recommender:buckets:\n${buckets.join("")}`;
    writeFileSync(join(copy, "Pulumi.elsewhere.yaml"), `config:\n${settings}`);
    check(await previewCommand(["--stack", "elsewhere"], copy));
  });

  it("prints what it would put into a bucket of its own, for the personal stages that share it too", async () => {
    const created = await previewCommand(["--stack", "dev", ...configFlags({ buckets: BUCKETS })]);
    const adopted = await previewCommand(["--stack", "dev", ...configFlags({ buckets: BUCKETS, lake: "existing" })]);
    const [policy] = created.resources().filter(({ name }) => name === "acme-lake-downstream-policy");
    const [, ...own] = (policy.inputs.policy as Policy).Statement;
    assert.deepEqual(JSON.parse(adopted.errors[0].slice(adopted.errors[0].indexOf("\n"))), own);
    assert.deepEqual(own[0].Resource, ["arn:aws:s3:::exports/recommender/*", "arn:aws:s3:::exports/*/recommender/*"]);
    assert.deepEqual(created.errors, []);
  });
});

describe("an update that adopts a lake", function () {
  this.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), "c360-adoption-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let clouds = 0;

  /** Deploys a stack to a new account that has these buckets. */
  async function update(
    stack: string,
    settings: Record<string, unknown>,
    there: string[],
    invoke?: Provider["invoke"],
  ): Promise<{ created: string[]; said: string[]; failure?: Error; deployment?: Deployment }> {
    clouds += 1;
    const closed = buildCloud({ stateDir: join(folder, String(clouds)), scale: 1e6 });
    for (const bucket of there) await closed.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:${bucket}`);
    const provider = pulumiProvider(closed);
    const created: string[] = [];
    const said: string[] = [];
    const counting: Provider = {
      ...provider,
      create: (type, inputs, urn) => (created.push(type), provider.create(type, inputs, urn)),
      invoke: (token, args) => (invoke && token === GET_BUCKET ? invoke(token, args) : provider.invoke(token, args)),
    };
    const options = { ...(await readProgramStack(REPOSITORY, stack, configOverrides(settings))), provider: counting };
    const onLog = (severity: string, message: string) => void (severity !== "debug" && said.push(`${severity}: ${message}`));
    return runProgram({ ...options, onLog }).then(
      (deployment) => ({ created, said, deployment }),
      (failure: Error) => ({ created, said, failure }),
    );
  }

  const ofDev = (tenant: string) => Object.keys(BUCKETS).map((zone) => `${tenant}-c360-${zone}-dev`);

  it("before dev exists stops with every bucket that is missing, and makes nothing", async () => {
    const { failure, created } = await update("alice", { tenants: ["acme", "bolt"] }, []);
    assert.ok(failure instanceof ProgramFailure, String(failure));
    const missing = ["acme", "bolt"].flatMap((tenant) =>
      Object.keys(BUCKETS).map((zone) => `${tenant}-c360-${zone}-dev (tenant ${tenant}, zone ${zone})`),
    );
    assert.equal(
      failure.message,
      `stage alice adopts buckets that do not exist: ${missing.join(", ")}; deploy the stage dev first, or name existing buckets in ` +
        "buckets.upstream, buckets.lake, buckets.downstream, buckets.infra, buckets.cache",
    );
    assert.deepEqual(created, []);
  });

  it("names the one bucket that is missing, and never a stage that would not make it", async () => {
    const there = Object.values(BUCKETS).filter((bucket) => bucket !== BUCKETS.cache);
    const { failure, created } = await update("alice", { buckets: BUCKETS }, there);
    assert.equal(
      failure?.message,
      "stage alice adopts buckets that do not exist: scratch (tenant acme, zone cache); " +
        "create them first, or name existing buckets in buckets.cache",
    );
    assert.deepEqual(created, []);
  });

  it("deploys once the buckets are there", async () => {
    const { failure, created, said, deployment } = await update("alice", {}, ofDev("acme"));
    assert.equal(failure, undefined);
    assert.ok(created.length > 0 && created.every((type) => !type.startsWith("aws:s3/")), created.join());
    assert.deepEqual(said, []);
    const { tenants } = deployment?.outputs as { tenants: { acme: { buckets: Record<string, string> } } };
    assert.deepEqual(Object.values(tenants.acme.buckets).sort(), ofDev("acme").sort());
  });

  it("warns of buckets that it may not look at, for adopting takes no permission", async () => {
    const forbidden = (_token: string, { bucket }: { bucket?: unknown }): never => {
      const answer = "operation error S3: HeadBucket, https response error StatusCode: 403, Forbidden";
      throw new ServiceError("Forbidden", `1 error occurred:\n\t* reading S3 Bucket (${String(bucket)}): ${answer}\n`, 403);
    };
    const { failure, said } = await update("alice", {}, ofDev("acme"), forbidden);
    assert.equal(failure, undefined);
    assert.equal(said.length, 5);
    assert.ok(
      said.every((line) => /^warning: bucket acme-c360-\w+-dev is adopted unseen, because .*StatusCode: 403, Forbidden$/.test(line)),
      said.join("\n"),
    );
  });
});
