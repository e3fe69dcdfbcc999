import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InteractionExport, type InteractionExportArgs } from "../../../components/interactionExport/interactionExport";
import { EXPORT_ARGS, EXPORT_SOURCE as SOURCE } from "../../support/exportArgs";
import { deploy, UNKNOWN } from "../../support/pulumiMocks";

const ARGS: InteractionExportArgs = { ...EXPORT_ARGS, engine: "glue" };
const NAME = "acme-c360-recommender-export-dev";
const TAGS = { tenant: "acme", stage: "dev", project: "c360-recommender" };
const FOLDER = "functions/glue";
const SCRIPT = "dashboard_interaction_export.py";
const MODULES = ["errors", "lines", "manifest", "parts", "rows", "store", "target"].map((name) => `export_${name}.py`);
const LOGS = `/aws-glue/jobs/${NAME}`;

const create = (args: Partial<InteractionExportArgs> = {}, preview = false) =>
  deploy(() => void new InteractionExport("e", { ...ARGS, ...args }), { preview });

const allow = (Sid: string, Action: string | string[], Resource: string | string[]) => ({ Sid, Effect: "Allow", Action, Resource });
const [CSV, MANIFEST] = ["csv", "manifest.json"].map((ending) => `alice/recommender/personalize_input.${ending}`);
const KEEP = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"];
const COMMON = [
  allow("KeepWork", KEEP, "arn:aws:s3:::cache/alice/recommender/inflated/*"),
  allow("ReplaceInput", KEEP, [`arn:aws:s3:::down/${CSV}`, `arn:aws:s3:::down/${MANIFEST}`]),
  { ...allow("FindInput", "s3:ListBucket", "arn:aws:s3:::down"), Condition: { StringEquals: { "s3:prefix": [CSV, MANIFEST] } } },
  allow(
    "ReadScript",
    "s3:GetObject",
    [SCRIPT, ...MODULES].map((file) => `arn:aws:s3:::infra/glue_jobs/dev/${file}`),
  ),
  allow(
    "Log",
    ["logs:CreateLogStream", "logs:PutLogEvents"],
    ["output", "error"].map((of) => `arn:aws:logs:ap-southeast-1:123456789012:log-group:${LOGS}/${of}:*`),
  ),
];
const READ_SOURCE = [
  allow("ReadObjects", "s3:GetObject", ["arn:aws:s3:::lake/crm/web/interactions/*"]),
  {
    ...allow("ListObjects", "s3:ListBucket", "arn:aws:s3:::lake"),
    Condition: { StringLike: { "s3:prefix": ["crm/web/interactions/*"] } },
  },
];
const READ_PARTS = [
  allow("ReadParts", "s3:GetObject", ["arn:aws:s3:::cache/alice/recommender/parts/*", "arn:aws:s3:::cache/alice/athena/*"]),
];

const ARGUMENTS = {
  "--stage": "dev",
  "--tenant": "acme",
  "--dataset": "crm_derived_restricted",
  "--table": "t200_dashboard_interaction",
  "--sink_zone": "downstream",
  "--sink_s3_key": CSV,
  "--manifest_s3_key": MANIFEST,
  "--lake_bucket": "lake",
  "--cache_bucket": "cache",
  "--sink_bucket": "down",
  "--columns": "USER_ID,ITEM_ID,TIMESTAMP",
  "--header": "USER_ID,ITEM_ID,TIMESTAMP",
  "--parts_prefix": "alice/recommender/parts/",
  "--work_prefix": "alice/recommender/inflated/",
  "--extra-py-files": MODULES.map((file) => `s3://infra/glue_jobs/dev/${file}`).join(","),
  "--custom-logGroup-prefix": LOGS,
};

describe("the export's Glue job", () => {
  const objects = ["script", ...MODULES.map((file) => file.replace("export_", "module-").replace(".py", ""))].map((of) => `e-export-${of}`);
  const job = async (args: Partial<InteractionExportArgs> = {}) => (await create(args)).get("aws:glue/job:Job", "e-export-job");

  it("is one small job that runs once at a time, created after its role's policy, files and log groups", async () => {
    const { inputs, dependencies, parent } = await job();
    assert.deepEqual(inputs, {
      name: NAME,
      roleArn: `arn:aws:iam::123456789012:role/${NAME}`,
      command: { name: "glueetl", pythonVersion: "3", scriptLocation: "s3://infra/glue_jobs/dev/dashboard_interaction_export.py" },
      glueVersion: "5.0",
      workerType: "G.1X",
      numberOfWorkers: 2,
      timeout: 240,
      maxRetries: 0,
      executionProperty: { maxConcurrentRuns: 1 },
      defaultArguments: ARGUMENTS,
      tags: TAGS,
    });
    assert.equal(parent, "c360:export:InteractionExport e");
    const before = ["e-export-error-logs", "e-export-output-logs", "e-export-role-policy", ...objects];
    assert.deepEqual(
      before.filter((name) => !dependencies.includes(name)),
      [],
    );
  });

  it("gets the folders and the header of a source", async () => {
    const { inputs } = await job({ source: SOURCE });
    const expected = { ...ARGUMENTS, "--dataset": "crm/web", "--table": "interactions", "--header": "user,item,at" };
    assert.deepEqual(inputs.defaultArguments, expected);
  });

  it("runs the repository's script with all of its modules, each uploaded again when it changes", async () => {
    const { get } = await create({}, true);
    const files = readdirSync(FOLDER).filter((file) => file.endsWith(".py"));
    assert.deepEqual(files, [SCRIPT, ...MODULES]);
    for (const [i, file] of files.entries()) {
      const { source, ...rest } = get("aws:s3/bucketObjectv2:BucketObjectv2", objects[i]).inputs;
      assert.deepEqual(rest, {
        bucket: "infra",
        key: `glue_jobs/dev/${file}`,
        contentType: "text/x-python",
        sourceHash: createHash("sha256")
          .update(readFileSync(join(FOLDER, file)))
          .digest("hex"),
        tags: TAGS,
      });
      assert.equal((source as { path: string }).path, `${FOLDER}/${file}`);
    }
  });

  it("is known at a first preview, but for its role", async () => {
    const { get } = await create({}, true);
    const { roleArn, ...rest } = get("aws:glue/job:Job", "e-export-job").inputs;
    assert.equal(roleArn, UNKNOWN);
    assert.ok(!JSON.stringify(rest).includes(UNKNOWN));
  });

  it("keeps the role of the engine lambda when the engine changes, and the other way round", async () => {
    const [byJob, byFunction] = [await create(), await create({ engine: "lambda" })];
    for (const type of ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"]) {
      const name = type.endsWith(":Role") ? "e-export-role" : "e-export-role-policy";
      const [job, lambda] = [byJob.get(type, name), byFunction.get(type, name)];
      assert.deepEqual([job.formerParents, lambda.formerParents], [[lambda.parent], [job.parent]]);
    }
  });

  it("keeps its two logs as long as the stage says", async () => {
    const { get } = await create();
    for (const kind of ["output", "error"]) {
      const { inputs } = get("aws:cloudwatch/logGroup:LogGroup", `e-export-${kind}-logs`);
      assert.deepEqual(inputs, { name: `${LOGS}/${kind}`, retentionInDays: 14, tags: TAGS });
    }
  });

  for (const [what, source, reading] of [
    ["a query's parts", undefined, READ_PARTS],
    ["a source's parts", SOURCE, READ_SOURCE],
  ] as const) {
    it(`may read ${what} and its script with its modules, keep its work, replace the CSV and write its logs, nothing else`, async () => {
      const { get } = await create({ source });
      assert.deepEqual(get("aws:iam/role:Role", "e-export-role").inputs, {
        name: NAME,
        forceDetachPolicies: true,
        assumeRolePolicy: {
          Version: "2012-10-17",
          Statement: [{ Sid: "Assume", Effect: "Allow", Principal: { Service: "glue.amazonaws.com" }, Action: "sts:AssumeRole" }],
        },
        tags: TAGS,
      });
      assert.deepEqual(get("aws:iam/rolePolicy:RolePolicy", "e-export-role-policy").inputs, {
        role: NAME,
        policy: { Version: "2012-10-17", Statement: [...reading, ...COMMON] },
      });
    });
  }
});
