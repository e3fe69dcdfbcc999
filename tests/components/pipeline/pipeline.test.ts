import * as assert from "node:assert/strict";
import { Pipeline, type PipelineArgs } from "../../../components/pipeline/pipeline";
import { pipelineDefinition } from "../../../components/pipeline/definition";
import { DEFINITION_ARGS, EXPORTERS, PARTS, TRAINED_ALONE, WITH_BASELINE } from "../../support/definitionArgs";
import { deploy, UNKNOWN } from "../../support/pulumiMocks";

const REGIONAL = "ap-southeast-1:123456789012";
const MACHINE_ARN = `arn:aws:states:${REGIONAL}:stateMachine:acme-c360-recommender-pipeline-dev`;
const TAGS = { tenant: "acme", stage: "dev", project: "c360-recommender" };
const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

const ARGS: PipelineArgs = { ...DEFINITION_ARGS, schedule: "off", timeZone: "UTC" };

const create = (args: Partial<PipelineArgs> = {}, preview = false) =>
  deploy(() => void new Pipeline("p", { ...ARGS, ...args }), { preview });

const allow = (Sid: string, Action: string | string[], Resource: string | string[]) => ({ Sid, Effect: "Allow", Action, Resource });
const list = (zone: string, bucket: string, prefixes: string[]) => ({
  ...allow(`List${zone}`, "s3:ListBucket", `arn:aws:s3:::${bucket}`),
  Condition: { StringLike: { "s3:prefix": prefixes } },
});
const glue = (resource: string) => `arn:aws:glue:${REGIONAL}:${resource}`;
const lambda = (role: string) => `arn:aws:lambda:${REGIONAL}:function:${role}`;
const personalize = (resource: string) => `arn:aws:personalize:${REGIONAL}:${resource}`;
const SOLUTION = personalize("solution/acme-c360-recommender-solution-dev-a22");
const IMPORTED = [
  allow(
    "Import",
    ["personalize:CreateDatasetImportJob", "personalize:DescribeDatasetImportJob"],
    personalize("dataset-import-job/acme-dev-*"),
  ),
  {
    ...allow("PassRole", ["iam:PassRole"], "arn:aws:iam::123456789012:role/acme-c360-recommender-personalize-dev"),
    Condition: { StringEquals: { "iam:PassedToService": "personalize.amazonaws.com" } },
  },
];
const ACCEPTED = "alice/recommender/accepted_version.json";
/** What finding the accepted version and comparing with it takes. */
const compared = (isTrained: boolean) => [
  allow(
    "CompareVersions",
    ["personalize:DescribeSolutionVersion", ...(isTrained ? ["personalize:GetSolutionMetrics"] : [])],
    personalize("solution/acme-c360-recommender-solution-dev-*"),
  ),
  allow("KeepAccepted", ["s3:GetObject", ...(isTrained ? ["s3:PutObject"] : [])], `arn:aws:s3:::lake/${ACCEPTED}`),
  { ...allow("FindAccepted", ["s3:ListBucket"], "arn:aws:s3:::lake"), Condition: { StringEquals: { "s3:prefix": ACCEPTED } } },
];
const trained = (...solutions: string[]) => [
  allow(
    "Train",
    ["personalize:CreateSolution", "personalize:DescribeSolution", "personalize:CreateSolutionVersion"],
    solutions.flatMap((solution) => [solution, `${solution}/*`]),
  ),
  allow("ListVersions", ["personalize:ListSolutionVersions"], "*"),
  ...compared(true),
];
const TRAINED = trained(SOLUTION);
const DEPLOYED = allow(
  "Deploy",
  ["personalize:CreateCampaign", "personalize:UpdateCampaign", "personalize:DescribeCampaign"],
  personalize("campaign/acme-c360-recommender-campaign-dev"),
);
const RECORDED = allow("RecordRun", ["s3:PutObject"], "arn:aws:s3:::lake/alice/crm_derived_restricted/t310_training_run/*");
const WRITE = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
const NOTIFIED = allow("PublishNotices", ["sns:Publish"], `arn:aws:sns:${REGIONAL}:notices`);
const OBSERVED = [
  allow(
    "DeliverLogs",
    [
      ...["logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"],
      ...["logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"],
    ],
    "*",
  ),
  allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"], "*"),
];

const RECOMMENDED = [...IMPORTED, ...TRAINED, DEPLOYED, RECORDED, NOTIFIED];

describe("Pipeline", () => {
  it("creates a state machine whose definition is known at preview", async () => {
    const { get } = await create({}, true);
    const { inputs, dependencies } = get("aws:sfn/stateMachine:StateMachine", "p-state-machine");
    const { definition, loggingConfiguration, ...rest } = inputs as { definition: string; loggingConfiguration: object };
    assert.deepEqual(JSON.parse(definition), JSON.parse(JSON.stringify(pipelineDefinition(DEFINITION_ARGS))));
    assert.deepEqual(rest, {
      name: "acme-c360-recommender-pipeline-dev",
      roleArn: UNKNOWN,
      tracingConfiguration: { enabled: true },
      tags: TAGS,
    });
    assert.deepEqual(loggingConfiguration, { level: "ERROR", includeExecutionData: false, logDestination: UNKNOWN });
    assert.ok(dependencies.includes("p-role-policy"));
    assert.deepEqual(get("aws:cloudwatch/logGroup:LogGroup", "p-logs").inputs, {
      name: "/aws/vendedlogs/states/acme-c360-recommender-pipeline-dev",
      retentionInDays: 14,
      tags: TAGS,
    });
  });

  it("allows its role what the states call and what Athena reads and writes on their behalf", async () => {
    const { get } = await create({}, true);
    assert.deepEqual(get(ROLE, "p-role").inputs, {
      name: "acme-c360-recommender-pipeline-dev",
      forceDetachPolicies: true,
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            ...{ Sid: "Assume", Effect: "Allow", Principal: { Service: "states.amazonaws.com" }, Action: "sts:AssumeRole" },
            Condition: { StringEquals: { "aws:SourceAccount": "123456789012" }, ArnLike: { "aws:SourceArn": MACHINE_ARN } },
          },
        ],
      },
      tags: TAGS,
    });
    const events = ["latest", "history"].map((folder) => `alice/crm/dashboard_interaction/${folder}/*`);
    const table = "alice/crm_derived_restricted/t200_dashboard_interaction/*";
    const described = "alice/crm_derived_restricted/t100_dashboard_interaction_history_description/*";
    const tables = [
      ...["t100_dashboard_interaction_event", "t100_dashboard_interaction_history"],
      ...["t100_dashboard_interaction_history_description", "t200_dashboard_interaction"],
    ];
    const catalog = [glue("catalog"), glue("database/db")];
    assert.deepEqual(get(ROLE_POLICY, "p-role-policy").inputs, {
      role: "acme-c360-recommender-pipeline-dev",
      policy: {
        Version: "2012-10-17",
        Statement: [
          allow("AcquireLock", ["states:ListExecutions"], MACHINE_ARN),
          allow("InvokeFunctions", ["lambda:InvokeFunction"], [lambda("history"), lambda("export")]),
          allow(
            "RunQueries",
            ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution"],
            `arn:aws:athena:${REGIONAL}:workgroup/wg`,
          ),
          allow("UseGlueCatalog", ["athena:GetDataCatalog"], `arn:aws:athena:${REGIONAL}:datacatalog/AwsDataCatalog`),
          allow(
            "ReadCatalog",
            ["glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"],
            [...catalog, ...tables.map((name) => glue(`table/db/${name}`))],
          ),
          allow("FindDefaultDatabase", ["glue:GetDatabase"], [glue("catalog"), glue("database/default")]),
          allow("PublishPartitions", ["glue:CreatePartition", "glue:UpdatePartition"], [...catalog, glue(`table/db/${tables[3]}`)]),
          allow("LocateBuckets", ["s3:GetBucketLocation"], ["arn:aws:s3:::up", "arn:aws:s3:::lake", "arn:aws:s3:::cache"]),
          list("Upstream", "up", events),
          list("Lake", "lake", [table, described]),
          list("Cache", "cache", ["alice/recommender/parts/*", "alice/athena/*"]),
          allow(
            "ReadUpstream",
            "s3:GetObject",
            events.map((prefix) => `arn:aws:s3:::up/${prefix}`),
          ),
          allow("ReadDescriptions", "s3:GetObject", `arn:aws:s3:::lake/${described}`),
          allow("KeepTable", ["s3:GetObject", ...WRITE, "s3:DeleteObject"], `arn:aws:s3:::lake/${table}`),
          allow("WriteParts", WRITE, "arn:aws:s3:::cache/alice/recommender/parts/*"),
          allow("KeepResults", ["s3:GetObject", ...WRITE], "arn:aws:s3:::cache/alice/athena/*"),
          ...RECOMMENDED,
          ...OBSERVED,
        ],
      },
    });
  });

  it("allows its role nothing else where it runs a Glue job or exports a source", async () => {
    const statements = async (args: Partial<PipelineArgs>) => {
      const { policy } = (await create(args, true)).get(ROLE_POLICY, "p-role-policy").inputs;
      return (policy as { Statement: { Sid: string }[] }).Statement;
    };
    const lock = allow("AcquireLock", ["states:ListExecutions"], MACHINE_ARN);
    const invoke = (role: string) => allow("InvokeFunctions", ["lambda:InvokeFunction"], [lambda(role)]);
    const run = [
      allow("RunJob", ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"], glue("job/export-job")),
      allow("ReadAnswer", ["s3:GetObject"], "arn:aws:s3:::cache/alice/recommender/inflated/*.json"),
    ];
    const always = [...RECOMMENDED, ...OBSERVED];
    const queries = (await statements({})).slice(2, -always.length);
    const { source } = PARTS;
    assert.deepEqual(await statements({ parts: source }), [lock, invoke("export"), ...always]);
    assert.deepEqual(await statements({ parts: source, exporter: EXPORTERS.glue }), [lock, ...run, ...always]);
    assert.deepEqual(await statements({ exporter: EXPORTERS.glue }), [lock, invoke("history"), ...run, ...queries, ...always]);
  });

  it("allows its role no training or deployment that it does not do", async () => {
    const statements = async (args: Partial<PipelineArgs>) => {
      const { policy } = (await create({ parts: PARTS.source, ...args }, true)).get(ROLE_POLICY, "p-role-policy").inputs;
      return (policy as { Statement: object[] }).Statement.slice(2, -OBSERVED.length);
    };
    assert.deepEqual(await statements({ train: "never", recommender: TRAINED_ALONE }), [...IMPORTED, RECORDED]);
    assert.deepEqual(await statements({ train: "never" }), [...IMPORTED, ...compared(false), DEPLOYED, RECORDED]);
    assert.deepEqual(await statements({ train: "weekly", recommender: TRAINED_ALONE }), [...IMPORTED, ...TRAINED, RECORDED, NOTIFIED]);
    const baseline = WITH_BASELINE.gate.baseline?.arn ?? "";
    assert.deepEqual(await statements({ train: "weekly", recommender: WITH_BASELINE }), [
      ...[...IMPORTED, ...trained(WITH_BASELINE.solution.arn, baseline)],
      ...[DEPLOYED, RECORDED, NOTIFIED],
    ]);
  });

  it("has no schedule if the schedule is off", async () => {
    const { names } = await create();
    assert.deepEqual(names("aws:scheduler/schedule:Schedule"), []);
    assert.deepEqual(names(ROLE), ["p-role"]);
  });

  it("is started by a schedule that may do nothing else, with the scheduled time as the run key", async () => {
    const { get } = await create({ schedule: "cron(15 2 * * ? *)", timeZone: "Asia/Singapore" });
    assert.deepEqual(get("aws:scheduler/schedule:Schedule", "p-schedule").inputs, {
      name: "acme-c360-recommender-pipeline-dev",
      scheduleExpression: "cron(15 2 * * ? *)",
      scheduleExpressionTimezone: "Asia/Singapore",
      flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
      target: {
        arn: MACHINE_ARN,
        roleArn: "arn:aws:iam::123456789012:role/acme-c360-recommender-schedule-dev",
        input: '{"runKey":"<aws.scheduler.scheduled-time>"}',
        retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3600 },
      },
    });
    assert.deepEqual(get(ROLE_POLICY, "p-schedule-role-policy").inputs.policy, {
      Version: "2012-10-17",
      Statement: [allow("StartPipeline", "states:StartExecution", MACHINE_ARN)],
    });
    assert.deepEqual(get(ROLE, "p-schedule-role").inputs.assumeRolePolicy, {
      Version: "2012-10-17",
      Statement: [
        {
          ...{ Sid: "Assume", Effect: "Allow", Principal: { Service: "scheduler.amazonaws.com" }, Action: "sts:AssumeRole" },
          Condition: {
            StringEquals: {
              "aws:SourceAccount": "123456789012",
              "aws:SourceArn": `arn:aws:scheduler:${REGIONAL}:schedule-group/default`,
            },
          },
        },
      ],
    });
  });
});
