import * as assert from "node:assert/strict";
import { CreateDatasetImportJobCommand, ListDatasetImportJobsCommand, PersonalizeClient } from "@aws-sdk/client-personalize";
import type { Policy, Statement } from "../../../../local/cloud/service";
import { BUCKET, ImportWorld, KEY, ROLE, ROLE_ARN } from "../../../support/importWorld";
import { dropOf, enoughRows, NOON, type Row } from "../../../support/pipelineData";

const PREFIX = "arn:aws:personalize:ap-southeast-1:123456789012:";
const LOCATION = `s3://${BUCKET}/${KEY}`;

describe("an import job of the local Personalize", () => {
  let world: ImportWorld;
  before(async () => {
    world = await ImportWorld.open({ fails: (kind, name) => (kind === "import" && name === "unlucky" ? "out of luck" : undefined) });
  });
  after(() => world.close());

  it("imports through the role and the bucket's policy, and is described and listed", async () => {
    const job = await world.import(enoughRows(), { jobName: "first" });
    const datasetImportJobArn = `${PREFIX}dataset-import-job/first`;
    const { creationDateTime, lastUpdatedDateTime, ...rest } = job;
    assert.ok(creationDateTime && lastUpdatedDateTime && lastUpdatedDateTime >= creationDateTime);
    assert.deepEqual(rest, {
      ...{ jobName: "first", datasetImportJobArn, datasetArn: world.shop.datasetArn, roleArn: ROLE_ARN },
      ...{ dataSource: { dataLocation: LOCATION }, importMode: "FULL", status: "ACTIVE" },
    });
    const list = async (datasetArn: string) => {
      const { datasetImportJobs = [] } = await world.personalize.send(new ListDatasetImportJobsCommand({ datasetArn }));
      return datasetImportJobs;
    };
    const summary = {
      ...{ datasetImportJobArn, jobName: "first", importMode: "FULL", status: "ACTIVE" },
      creationDateTime,
      lastUpdatedDateTime,
    };
    assert.deepEqual(await list(world.shop.datasetArn), [summary]);
    assert.deepEqual(await list(`${PREFIX}dataset/none/INTERACTIONS`), []);
  });

  it("takes columns in any order, quoted values, CRLF, and a last line without an end", async () => {
    const lines = enoughRows().map(([user, item, at, type]) => `${type},"a ""b"", ${item}",${at},"${user}"`);
    const csv = ["EVENT_TYPE,ITEM_ID,TIMESTAMP,USER_ID", ...lines].join("\r\n");
    assert.equal((await world.import(csv)).failureReason, undefined);
  });

  it("takes a folder as one, but no file for a folder", async () => {
    for (const [i, rows] of [enoughRows().slice(0, 400), enoughRows().slice(400)].entries()) {
      await world.put(dropOf(rows), `recommender/folder/part-${i}.csv`);
    }
    const from = (dataLocation: string) => world.begin({ dataSource: { dataLocation } }).then((arn) => world.end(arn));
    assert.equal((await from(`s3://${BUCKET}/recommender/folder/`)).status, "ACTIVE");
    assert.match((await from(`s3://${BUCKET}/recommender/folder`)).failureReason ?? "", /recommender\/folder/);
  });

  const good = dropOf(enoughRows());
  const changed = (row: number, change: (cells: string[]) => string[]): string =>
    good
      .split("\n")
      .map((line, i) => (i === row ? change(line.split(",")).join(",") : line))
      .join("\n");
  const long = (n: number): string => "x".repeat(n);
  // A line's number counts the header.
  const refused: [what: string, csv: string, names: RegExp][] = [
    ["lacks a column", good.replaceAll(/,[^,\n]*$/gm, ""), /EVENT_TYPE/],
    ["has a column in another case", good.replace("ITEM_ID", "item_id"), /ITEM_ID/],
    ["has quoted names", good.replace("USER_ID", '"USER_ID"'), /USER_ID/],
    ["is empty", "", /USER_ID/],
    ["has 999 rows", dropOf(enoughRows(999)), /1000.*999|999.*1000/],
    ["has a text for a time", changed(7, ([u, i, , t]) => [u, i, "yesterday", t]), /line 8\b.*TIMESTAMP.*"yesterday"/],
    ["has a fraction for a time", changed(7, ([u, i, , t]) => [u, i, "1.5", t]), /line 8\b.*TIMESTAMP.*"1\.5"/],
    [
      "has a time beyond a long",
      changed(7, ([u, i, , t]) => [u, i, "9223372036854775808", t]),
      /line 8\b.*TIMESTAMP.*"9223372036854775808"/,
    ],
    ["has an empty user", changed(1000, ([, ...rest]) => ["", ...rest]), /line 1001\b.*USER_ID.*""/],
    ["has a quoted empty item", changed(1, ([u, , ...rest]) => [u, '""', ...rest]), /line 2\b.*ITEM_ID.*""/],
    ["has a long item", changed(3, ([u, , ...rest]) => [u, long(257), ...rest]), /line 4\b.*ITEM_ID.*x{257}/],
    ["has no event type", changed(3, ([u, i, at]) => [u, i, at, ""]), /line 4\b.*EVENT_TYPE/],
    ["has a line of three cells", changed(3, ([u, i, at]) => [u, i, at]), /4/],
    ["has a line of five cells", changed(3, (cells) => [...cells, "more"]), /4/],
  ];
  for (const [what, csv, names] of refused) {
    it(`fails for a CSV that ${what}, and says so`, async () => {
      const { status, failureReason = "" } = await world.import(csv.replaceAll("\n\n", "\n"));
      assert.equal(status, "CREATE FAILED");
      assert.match(failureReason, names);
      assert.ok(failureReason.includes(KEY), failureReason);
    });
  }

  it("takes ids at their limit, in characters of any kind", async () => {
    const rows = enoughRows().map(([, ...rest], i): Row => ["é𝄞".repeat(128), ...(i === 0 ? [long(256), NOON, "watch"] : rest)] as Row);
    assert.equal((await world.import(rows)).failureReason, undefined);
  });

  it("fails when the object is not there", async () => {
    const dataSource = { dataLocation: `s3://${BUCKET}/recommender/none.csv` };
    const { status, failureReason = "" } = await world.end(await world.begin({ dataSource }));
    assert.equal(status, "CREATE FAILED");
    assert.match(failureReason, /recommender\/none\.csv/);
  });

  it("fails where a test says so", async () => {
    const { status, failureReason } = await world.import(enoughRows(), { jobName: "unlucky" });
    assert.deepEqual([status, failureReason], ["CREATE FAILED", "out of luck"]);
  });

  const asked: [what: string, request: Record<string, unknown>, name: string, message: RegExp][] = [
    ["a taken name", { jobName: "first" }, "ResourceAlreadyExistsException", /dataset-import-job\/first/],
    ["a name with a dot", { jobName: "a.b" }, "InvalidInputException", /jobName/],
    ["a name of 64 characters", { jobName: long(64) }, "InvalidInputException", /jobName/],
    ["no name", { jobName: undefined }, "InvalidInputException", /jobName/],
    ["no source", { dataSource: undefined }, "InvalidInputException", /dataSource/],
    ["another kind of source", { dataSource: { dataLocation: "file:///a.csv" } }, "InvalidInputException", /dataLocation/],
    ["another mode", { importMode: "SOME" }, "InvalidInputException", /importMode/],
    ["no role", { roleArn: undefined }, "InvalidInputException", /roleArn/],
    ["a dataset that is not there", { datasetArn: `${PREFIX}dataset/none/INTERACTIONS` }, "ResourceNotFoundException", /dataset\/none/],
    ["metrics of attribution", { publishAttributionMetricsToS3: true }, "InvalidInputException", /publishAttributionMetricsToS3/],
    ["what it does not know", { recrawl: true }, "InvalidInputException", /recrawl/],
  ];
  for (const [what, request, name, message] of asked) {
    it(`is refused for ${what}`, async () => {
      const given = { jobName: "refused", datasetArn: world.shop.datasetArn, dataSource: { dataLocation: LOCATION }, roleArn: ROLE_ARN };
      // The SDK would leave out a member that it does not know.
      const call = world.running.cloud.call(world.running.owner, "personalize", "CreateDatasetImportJob", { ...given, ...request });
      await assert.rejects(call, { name, message });
    });
  }
});

const policy = (...Statement: Statement[]): Policy => ({ Version: "2012-10-17", Statement });

describe("who may import into the local Personalize", () => {
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
        dataSource: { dataLocation: LOCATION },
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
    await world.put(dropOf(enoughRows()));
    const jobs: string[] = [];
    for (let job = 0; job < 5; job += 1) jobs.push(await world.begin());
    assert.equal((await world.describe(jobs[0])).status, "CREATE PENDING");
    await assert.rejects(world.begin(), { name: "LimitExceededException", message: /5/ });
    for (const job of jobs) assert.equal((await world.end(job)).status, "ACTIVE");
    assert.equal((await world.end(await world.begin())).status, "ACTIVE");
    await world.close();
  });
});
