import * as assert from "node:assert/strict";
import { CreateDatasetImportJobCommand, PersonalizeClient } from "@aws-sdk/client-personalize";
import type { Policy, Statement } from "../../src/service";
import { BUCKET, ImportWorld, KEY, ROLE, ROLE_ARN } from "../support/importWorld";
import { historyFile, enoughRows } from "../../testing/interactionRows";

const PREFIX = "arn:aws:personalize:ap-southeast-1:123456789012:";
const policy = (...Statement: Statement[]): Policy => ({ Version: "2012-10-17", Statement });

describe("permissions to import into the local Personalize", () => {
  const service = { Service: "personalize.amazonaws.com" };
  const objects = `arn:aws:s3:::${BUCKET}/*`;
  const trust = (Condition: Statement["Condition"]) => policy({ Effect: "Allow", Action: "sts:AssumeRole", Principal: service, Condition });
  const reads = (Action: string) => policy({ Effect: "Allow", Action, Resource: "*" });
  const admits = (Action: string[], Condition?: Statement["Condition"]): Statement => ({
    ...{ Effect: "Allow", Principal: service, Action, Resource: [`arn:aws:s3:::${BUCKET}`, objects] },
    ...(Condition && { Condition }),
  });
  const denial: Statement = { Effect: "Deny", Principal: "*", Action: "s3:GetObject", Resource: objects };
  const elsewhere = { StringEquals: { "aws:SourceAccount": "210987654321" } };
  const lacking: [what: string, options: Parameters<typeof ImportWorld.open>[0], names: RegExp][] = [
    ["the bucket has no policy", { bucketPolicy: null }, /personalize\.amazonaws\.com is not authorized to perform s3:ListBucket/],
    ["the bucket admits listing alone", { bucketPolicy: policy(admits(["s3:ListBucket"])) }, /personalize\.amazonaws\.com .* s3:GetObject/],
    [
      "the bucket admits another account's",
      { bucketPolicy: policy(admits(["s3:*"], elsewhere)) },
      /personalize\.amazonaws\.com .* s3:ListBucket/,
    ],
    ["the bucket denies reading to all", { bucketPolicy: policy(denial, admits(["s3:*"])) }, /explicit deny/],
    [
      "the role may list alone",
      { rolePolicy: reads("s3:ListBucket") },
      new RegExp(`role/${ROLE} is not authorized to perform s3:GetObject`),
    ],
    [
      "the role may read alone",
      { rolePolicy: reads("s3:GetObject") },
      new RegExp(`role/${ROLE} is not authorized to perform s3:ListBucket`),
    ],
    ["the role trusts another account's Personalize", { trust: trust(elsewhere) }, /may not assume/],
    [
      "the role trusts a source that this is not",
      { trust: trust({ StringLike: { "aws:SourceArn": `${PREFIX}solution/*` } }) },
      /may not assume/,
    ],
  ];
  for (const [what, options, names] of lacking) {
    it(`the job fails when ${what}`, async () => {
      const world = await ImportWorld.open(options);
      const { status, failureReason = "" } = await world.import();
      assert.equal(status, "CREATE FAILED");
      assert.match(failureReason, names);
      await world.close();
    });
  }

  it("the caller needs the action on the job, and must be allowed to pass the role to the service", async () => {
    const world = await ImportWorld.open();
    const { running } = world;
    const jobs = `${PREFIX}dataset-import-job/acme-*`;
    const create: Statement = { Effect: "Allow", Action: "personalize:CreateDatasetImportJob", Resource: jobs };
    const pass = (to: string, Resource = ROLE_ARN): Statement => ({
      ...{ Effect: "Allow", Action: "iam:PassRole", Resource },
      Condition: { StringEquals: { "iam:PassedToService": to } },
    });
    const attempt = async (name: string, ...statements: Statement[]) => {
      const { id } = await running.cloud.create("aws:iam/policy:Policy", { name, policy: policy(...statements) }, `urn:${name}`);
      const client = new PersonalizeClient({ ...running.clientOf(running.user(name, [id])), maxAttempts: 1 });
      const request = {
        jobName: `acme-${name}`,
        datasetArn: world.shop.datasetArn,
        dataSource: { dataLocation: `s3://${BUCKET}/${KEY}` },
        roleArn: ROLE_ARN,
      };
      await client.send(new CreateDatasetImportJobCommand(request)).finally(() => client.destroy());
    };
    const denied = (action: string) => ({ name: "AccessDeniedException", message: new RegExp(`${action} on `) });
    await assert.rejects(attempt("nothing", pass("personalize.amazonaws.com")), denied("personalize:CreateDatasetImportJob"));
    await assert.rejects(attempt("no-pass", create), denied("iam:PassRole"));
    await assert.rejects(attempt("other-service", create, pass("glue.amazonaws.com")), denied("iam:PassRole"));
    await assert.rejects(attempt("other-role", create, pass("personalize.amazonaws.com", `${ROLE_ARN}2`)), denied("iam:PassRole"));
    await attempt("enough", create, pass("personalize.amazonaws.com"));
    await world.close();
  });

  it("at most five jobs are pending or in progress", async () => {
    const world = await ImportWorld.open({ creationMs: 500 });
    await world.put(historyFile(enoughRows()));
    const jobs: string[] = [];
    for (let job = 0; job < 5; job += 1) jobs.push(await world.begin());
    assert.equal((await world.describe(jobs[0])).status, "CREATE PENDING");
    await assert.rejects(world.begin(), { name: "LimitExceededException", message: /5/ });
    for (const job of jobs) assert.equal((await world.end(job)).status, "ACTIVE");
    assert.equal((await world.end(await world.begin())).status, "ACTIVE");
    await world.close();
  });
});
