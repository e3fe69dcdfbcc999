import * as assert from "node:assert/strict";
import { InteractionExport, type InteractionExportArgs } from "../../../components/interactionExport/interactionExport";
import { EXPORT_ARGS as ARGS, EXPORT_SOURCE as SOURCE } from "../../support/exportArgs";
import { deploy } from "../../support/pulumiMocks";
import { archiveFiles } from "../../support/serialize";

const TAGS = { tenant: "acme", stage: "dev", project: "c360-recommender" };
const FUNCTION = "aws:lambda/function:Function";

const create = (args: Partial<InteractionExportArgs> = {}) => deploy(() => new InteractionExport("e", { ...ARGS, ...args }).targets);

const trust = (service: string) => ({
  Version: "2012-10-17",
  Statement: [{ Sid: "Assume", Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
});
const allow = (Sid: string, Action: string | string[], Resource: string | string[], Condition?: object) => ({
  ...{ Sid, Effect: "Allow", Action, Resource },
  ...(Condition && { Condition }),
});
const listing = (Sid: string, bucket: string, prefix: string | string[]) =>
  allow(Sid, "s3:ListBucket", `arn:aws:s3:::${bucket}`, { StringLike: { "s3:prefix": prefix } });
const logGroup = (name: string) => `arn:aws:logs:ap-southeast-1:123456789012:log-group:${name}:*`;
const logging = (role: string) => [
  allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], logGroup(`/aws/lambda/acme-c360-recommender-${role}-dev`)),
  allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
];

const HISTORY = "alice/crm/dashboard_interaction/history/";
const DESCRIBED = "alice/crm_derived_restricted/t100_dashboard_interaction_history_description/";
const DESCRIPTIONS = `${DESCRIBED}descriptions.json`;
const [CSV, MANIFEST] = ["csv", "manifest.json"].map((ending) => `alice/recommender/personalize_input.${ending}`);
const KEEP = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"];
const READING = {
  query: [allow("ReadParts", "s3:GetObject", ["arn:aws:s3:::cache/alice/recommender/parts/*", "arn:aws:s3:::cache/alice/athena/*"])],
  source: [
    allow("ReadObjects", "s3:GetObject", ["arn:aws:s3:::lake/crm/web/interactions/*"]),
    listing("ListObjects", "lake", ["crm/web/interactions/*"]),
  ],
};
const WRITING = [
  allow("KeepWork", KEEP, "arn:aws:s3:::cache/alice/recommender/inflated/*"),
  allow("ReplaceInput", KEEP, [`arn:aws:s3:::down/${CSV}`, `arn:aws:s3:::down/${MANIFEST}`]),
  allow("FindInput", "s3:ListBucket", "arn:aws:s3:::down", { StringEquals: { "s3:prefix": [CSV, MANIFEST] } }),
];
const FINDING = listing("FindWork", "cache", "alice/recommender/inflated/*");

const FUNCTIONS = {
  history: {
    args: { historyColumns: { USER_ID: "userId" } },
    memorySize: 1769,
    variables: {
      ...{ HISTORY_BUCKET: "up", HISTORY_PREFIX: HISTORY, HISTORY_COLUMNS: '{"USER_ID":"userId"}' },
      ...{ DESCRIPTIONS_BUCKET: "lake", DESCRIPTIONS_KEY: DESCRIPTIONS },
    },
    policy: [
      allow("ReadObjects", "s3:GetObject", [`arn:aws:s3:::up/${HISTORY}*`]),
      listing("ListObjects", "up", [`${HISTORY}*`]),
      allow("KeepDescriptions", ["s3:GetObject", "s3:PutObject"], `arn:aws:s3:::lake/${DESCRIPTIONS}`),
      allow("FindDescriptions", "s3:ListBucket", "arn:aws:s3:::lake", { StringLike: { "s3:prefix": `${DESCRIBED}*` } }),
    ],
  },
  export: {
    args: {},
    memorySize: 1024,
    variables: exportVariables("USER_ID,ITEM_ID,TIMESTAMP", "s3://cache/alice/recommender/parts/"),
    policy: [...READING.query, ...WRITING, FINDING],
  },
  "export of a source": {
    args: { source: SOURCE },
    memorySize: 1769,
    variables: exportVariables("user,item,at", "s3://lake/crm/web/interactions/"),
    policy: [...READING.source, ...WRITING, FINDING],
  },
};

function exportVariables(HEADER: string, PARTS_LOCATION: string) {
  const target = { TARGET_BUCKET: "down", TARGET_KEY: CSV, MANIFEST_KEY: MANIFEST };
  return {
    ...target,
    COLUMNS: "USER_ID,ITEM_ID,TIMESTAMP",
    HEADER,
    PARTS_LOCATION,
    WORK_LOCATION: "s3://cache/alice/recommender/inflated/",
  };
}

describe("InteractionExport", () => {
  for (const [what, { args, memorySize, variables, policy }] of Object.entries(FUNCTIONS)) {
    const [role] = what.split(" ");
    const name = `acme-c360-recommender-${role}-dev`;
    it(`gives the function of ${what} what it needs and nothing else`, async () => {
      const { get } = await create(args);
      assert.deepEqual(get("aws:iam/role:Role", `e-${role}-role`).inputs, {
        name,
        forceDetachPolicies: true,
        assumeRolePolicy: trust("lambda.amazonaws.com"),
        tags: TAGS,
      });
      assert.deepEqual(get("aws:iam/rolePolicy:RolePolicy", `e-${role}-role-policy`).inputs, {
        role: name,
        policy: { Version: "2012-10-17", Statement: [...policy, ...logging(role)] },
      });
      assert.deepEqual(get("aws:cloudwatch/logGroup:LogGroup", `e-${role}-logs`).inputs, {
        name: `/aws/lambda/${name}`,
        retentionInDays: 14,
        tags: TAGS,
      });
    });

    it(`deploys the function of ${what} from one file, after its role's policy`, async () => {
      const { get } = await create(args);
      const { inputs, parent, dependencies } = get(FUNCTION, `e-${role}-function`);
      const { code, ...rest } = inputs;
      assert.deepEqual(Object.keys(archiveFiles(code)), ["__index.js"]);
      assert.equal(parent, `c360:shared:LambdaFunction e-${role}`);
      assert.equal(get("c360:shared:LambdaFunction", `e-${role}`).parent, "c360:export:InteractionExport e");
      assert.ok(dependencies.includes(`e-${role}-role-policy`));
      assert.deepEqual(rest, {
        name,
        handler: "__index.handler",
        role: `arn:aws:iam::123456789012:role/${name}`,
        runtime: "nodejs24.x",
        memorySize,
        timeout: 900,
        environment: { variables },
        tracingConfig: { mode: "Active" },
        loggingConfig: { logFormat: "JSON", logGroup: `/aws/lambda/${name}` },
        tags: TAGS,
      });
    });
  }

  it("gives what joins the parts, and where they come from, at preview", async () => {
    const arn = (role: string) => `arn:aws:lambda:ap-southeast-1:123456789012:function:acme-c360-recommender-${role}-dev`;
    const lambda = { engine: "lambda", functionArn: arn("export") };
    const glue = { engine: "glue", jobName: "acme-c360-recommender-export-dev", timeoutMinutes: 240 };
    const query = { historyFunctionArn: arn("history") };
    const source = { sourcePrefix: "crm/web/interactions/" };
    const cases: [Partial<InteractionExportArgs>, object, object][] = [
      [{}, lambda, query],
      [{ source: SOURCE }, lambda, source],
      [{ engine: "glue" }, glue, query],
      [{ engine: "glue", source: SOURCE }, glue, source],
    ];
    for (const [args, exporter, parts] of cases) assert.deepEqual((await create(args)).outputs, { exporter, parts });
  });

  it("reads no history files for a source, and has one engine", async () => {
    const functions = async (args: Partial<InteractionExportArgs>) => (await create(args)).names(FUNCTION);
    assert.deepEqual(await functions({ source: SOURCE }), ["e-export-function"]);
    assert.deepEqual(await functions({ engine: "glue" }), ["e-history-function"]);
    assert.deepEqual(await functions({ engine: "glue", source: SOURCE }), []);
    assert.deepEqual((await create()).names("aws:glue/job:Job"), []);
  });
});
