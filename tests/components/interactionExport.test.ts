import * as assert from "node:assert/strict";
import { InteractionExport, type InteractionExportArgs } from "../../components/interactionExport";
import { deploy, SCOPE } from "../support/pulumiMocks";
import { archiveFiles } from "../support/serialize";

const ARGS: InteractionExportArgs = {
  scope: SCOPE,
  buckets: { upstream: "up", lake: "lake", downstream: "down", infra: "infra", cache: "cache" },
  keyPrefix: "alice/",
  interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"],
  logRetentionDays: 14,
};
const TAGS = { tenant: "acme", stage: "dev", project: "c360-recommender" };
const FUNCTION = "aws:lambda/function:Function";
const PARENT = "c360:export:InteractionExport e";

const create = () => deploy(() => ({ arns: new InteractionExport("e", ARGS).functionArns }));

const logging = (role: string) => [
  {
    Sid: "Log",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `arn:aws:logs:ap-southeast-1:123456789012:log-group:/aws/lambda/acme-c360-recommender-${role}-dev:*`,
  },
  { Sid: "Trace", Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" },
];

const POLICIES = {
  history: [
    {
      Sid: "ReadObjects",
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: ["arn:aws:s3:::up/alice/crm/dashboard_interaction/history/*"],
    },
    {
      Sid: "ListObjects",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: "arn:aws:s3:::up",
      Condition: { StringLike: { "s3:prefix": ["alice/crm/dashboard_interaction/history/*"] } },
    },
    ...logging("history"),
  ],
  export: [
    {
      Sid: "ReadParts",
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: ["arn:aws:s3:::cache/alice/recommender/parts/*", "arn:aws:s3:::cache/alice/athena/*"],
    },
    {
      Sid: "ReplaceInput",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
      Resource: [
        "arn:aws:s3:::down/alice/recommender/personalize_input.csv",
        "arn:aws:s3:::down/alice/recommender/personalize_input.manifest.json",
      ],
    },
    {
      Sid: "FindInput",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: "arn:aws:s3:::down",
      Condition: {
        StringEquals: { "s3:prefix": ["alice/recommender/personalize_input.csv", "alice/recommender/personalize_input.manifest.json"] },
      },
    },
    ...logging("export"),
  ],
};

const FUNCTIONS = {
  history: { memorySize: 256, variables: { HISTORY_BUCKET: "up", HISTORY_PREFIX: "alice/crm/dashboard_interaction/history/" } },
  export: {
    memorySize: 1024,
    variables: {
      TARGET_BUCKET: "down",
      TARGET_KEY: "alice/recommender/personalize_input.csv",
      MANIFEST_KEY: "alice/recommender/personalize_input.manifest.json",
      COLUMNS: "USER_ID,ITEM_ID,TIMESTAMP",
      PARTS_LOCATION: "s3://cache/alice/recommender/parts/",
    },
  },
};

describe("InteractionExport", () => {
  for (const role of ["history", "export"] as const) {
    it(`gives the ${role} function what it needs and nothing else`, async () => {
      const { get } = await create();
      const name = `acme-c360-recommender-${role}-dev`;
      assert.deepEqual(get("aws:iam/role:Role", `e-${role}-role`).inputs, {
        name,
        assumeRolePolicy: {
          Version: "2012-10-17",
          Statement: [{ Sid: "Assume", Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
        },
        tags: TAGS,
      });
      assert.deepEqual(get("aws:iam/rolePolicy:RolePolicy", `e-${role}-role-policy`).inputs, {
        role: name,
        policy: { Version: "2012-10-17", Statement: POLICIES[role] },
      });
      assert.deepEqual(get("aws:cloudwatch/logGroup:LogGroup", `e-${role}-logs`).inputs, {
        name: `/aws/lambda/${name}`,
        retentionInDays: 14,
        tags: TAGS,
      });
    });

    it(`deploys the ${role} function inline, once it may do its work`, async () => {
      const { get } = await create();
      const { inputs, parent, dependencies } = get(FUNCTION, `e-${role}-function`);
      const { code, ...rest } = inputs;
      const name = `acme-c360-recommender-${role}-dev`;
      assert.deepEqual(Object.keys(archiveFiles(code)), ["__index.js"]);
      assert.equal(parent, PARENT);
      assert.ok(dependencies.includes(`e-${role}-role-policy`));
      const { memorySize, variables } = FUNCTIONS[role];
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

  it("tells its functions' ARNs at preview", async () => {
    const { outputs } = await create();
    const arn = (role: string) => `arn:aws:lambda:ap-southeast-1:123456789012:function:acme-c360-recommender-${role}-dev`;
    assert.deepEqual(outputs.arns, { history: arn("history"), export: arn("export") });
  });
});
