import * as assert from "node:assert/strict";
import { EventForwarder, type EventForwarderArgs } from "../../../components/eventForwarder/eventForwarder";
import { type Deployment, CONTEXT, deploy, PERSONAL_CONTEXT } from "../../support/pulumiMocks";

const NAME = "acme-c360-recommender-forwarder-dev";
const STREAM_ARN = "arn:aws:kinesis:ap-southeast-1:123456789012:stream/events";
const ARGS: EventForwarderArgs = {
  context: { ...PERSONAL_CONTEXT, keyPrefix: "" },
  stream: { name: "events", arn: STREAM_ARN, retentionHours: 168 },
  upstream: "arn:aws:s3:::up",
  trackingId: "tracking-id",
  batchSize: 500,
  windowSeconds: 1,
  parallelizationFactor: 2,
  memoryMiB: 256,
  timeoutSeconds: 60,
  callsPerSecond: 500,
};
const PARENT = "c360:events:EventForwarder f";
const { tags: TAGS } = CONTEXT;
const FUNCTION = "aws:lambda/function:Function";
const MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping";

function make(args: Partial<EventForwarderArgs> = {}) {
  return () => void new EventForwarder("f", { ...ARGS, ...args });
}

describe("EventForwarder", () => {
  let deployed: Deployment;
  before(async () => {
    deployed = await deploy(make());
  });

  it("runs one file of code with pinned runtime and limits, and gives it values by its environment alone", () => {
    const { inputs, parent } = deployed.get(FUNCTION, "f-function");
    const { code, ...rest } = inputs;
    assert.equal(parent, PARENT);
    assert.deepEqual(Object.keys((code as { assets: object }).assets), ["__index.js"]);
    assert.deepEqual(rest, {
      name: NAME,
      handler: "__index.handler",
      runtime: "nodejs24.x",
      memorySize: 256,
      timeout: 60,
      role: `arn:aws:iam::123456789012:role/${NAME}`,
      environment: {
        variables: {
          TRACKING_ID: "tracking-id",
          DEAD_LETTER_BUCKET: "up",
          DEAD_LETTER_PREFIX: "crm/dashboard_interaction/dead_letter/",
          CALLS_PER_SECOND: "500",
          TENANT: "acme",
          STAGE: "dev",
        },
      },
      tracingConfig: { mode: "Active" },
      loggingConfig: { logFormat: "JSON", logGroup: `/aws/lambda/${NAME}` },
      tags: TAGS,
    });
  });

  it("writes to a log group of its own", () => {
    const { inputs, parent } = deployed.get("aws:cloudwatch/logGroup:LogGroup", "f-logs");
    assert.equal(parent, PARENT);
    assert.deepEqual(inputs, { name: `/aws/lambda/${NAME}`, retentionInDays: 14, tags: TAGS });
  });

  it("reads in order, keeps what fails and reports records one by one", () => {
    const { inputs, parent } = deployed.get(MAPPING, "f-mapping");
    assert.equal(parent, PARENT);
    assert.deepEqual(inputs, {
      eventSourceArn: STREAM_ARN,
      functionName: `arn:aws:lambda:ap-southeast-1:123456789012:function:${NAME}`,
      startingPosition: "TRIM_HORIZON",
      batchSize: 500,
      maximumBatchingWindowInSeconds: 1,
      parallelizationFactor: 2,
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: 518_400,
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ["ReportBatchItemFailures"],
      destinationConfig: { onFailure: { destinationArn: "arn:aws:s3:::up" } },
      metricsConfig: { metrics: ["EventCount"] },
      tags: TAGS,
    });
  });

  it("starts after its role's policy", () => {
    assert.deepEqual(deployed.get(FUNCTION, "f-function").dependencies, ["f-logs", "f-role", "f-role-policy"]);
    assert.deepEqual(deployed.get(MAPPING, "f-mapping").dependencies, ["f-function", "f-role-policy"]);
  });

  it("has a role of its own with what it needs, known at preview", async () => {
    const { get, names } = await deploy(make(), { preview: true });
    assert.deepEqual([names("aws:iam/role:Role"), names("aws:iam/rolePolicy:RolePolicy")], [["f-role"], ["f-role-policy"]]);
    const role = get("aws:iam/role:Role", "f-role");
    assert.equal(role.parent, PARENT);
    assert.deepEqual(role.inputs, {
      name: NAME,
      tags: TAGS,
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [{ Sid: "Assume", Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      },
    });
    const rolePolicy = get("aws:iam/rolePolicy:RolePolicy", "f-role-policy");
    assert.equal(rolePolicy.parent, PARENT);
    assert.deepEqual(rolePolicy.inputs, {
      role: NAME,
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "ReadStream",
            Effect: "Allow",
            Action: [
              "kinesis:DescribeStream",
              "kinesis:DescribeStreamSummary",
              "kinesis:GetRecords",
              "kinesis:GetShardIterator",
              "kinesis:ListShards",
            ],
            Resource: STREAM_ARN,
          },
          { Sid: "SendEvents", Effect: "Allow", Action: ["personalize:PutEvents"], Resource: "*" },
          {
            Sid: "KeepFailures",
            Effect: "Allow",
            Action: "s3:PutObject",
            Resource: ["arn:aws:s3:::up/crm/dashboard_interaction/dead_letter/*", "arn:aws:s3:::up/aws/lambda/*"],
          },
          {
            Sid: "ListFailures",
            Effect: "Allow",
            Action: "s3:ListBucket",
            Resource: "arn:aws:s3:::up",
            Condition: { StringLike: { "s3:prefix": ["crm/dashboard_interaction/dead_letter/*", "aws/lambda/*"] } },
          },
          {
            Sid: "Log",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: `arn:aws:logs:ap-southeast-1:123456789012:log-group:/aws/lambda/${NAME}:*`,
          },
          { Sid: "Trace", Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" },
        ],
      },
    });
  });

  it("gives up on a record at 6/7 of the retention, and never later than a mapping can", async () => {
    for (const [retentionHours, seconds] of [
      [24, 74_057],
      [196, 604_800],
      [8760, 604_800],
    ]) {
      const { get } = await deploy(make({ stream: { ...ARGS.stream, retentionHours } }));
      assert.equal(get(MAPPING, "f-mapping").inputs.maximumRecordAgeInSeconds, seconds, `${retentionHours} h`);
    }
  });

  it("sets concurrency aside and uses the stage's prefix where it is told", async () => {
    const { get } = await deploy(make({ reservedConcurrency: 7, context: PERSONAL_CONTEXT }));
    const { reservedConcurrentExecutions, environment } = get(FUNCTION, "f-function").inputs;
    assert.equal(reservedConcurrentExecutions, 7);
    const { DEAD_LETTER_PREFIX } = (environment as { variables: Record<string, string> }).variables;
    assert.equal(DEAD_LETTER_PREFIX, "alice/crm/dashboard_interaction/dead_letter/");
  });
});
