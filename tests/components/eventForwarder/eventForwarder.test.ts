import * as assert from "node:assert/strict";
import { EventForwarder, type EventForwarderArgs } from "../../../components/eventForwarder/eventForwarder";
import { CONTEXT, type Deployment, deploy, PERSONAL_CONTEXT } from "../../support/pulumiMocks";

const NAME = "acme-c360-recommender-forwarder-dev";
const STREAM_ARN = "arn:aws:kinesis:ap-southeast-1:123456789012:stream/events";
const ARGS: EventForwarderArgs = {
  context: { ...PERSONAL_CONTEXT, keyPrefix: "" },
  stream: { name: "events", arn: STREAM_ARN, shards: 2, retentionHours: 168 },
  upstream: "arn:aws:s3:::up",
  trackingId: "tracking-id",
};
const PARENT = "c360:events:EventForwarder f";
const LAMBDA = "c360:shared:LambdaFunction f";
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

  it("runs one file of code with default limits, and passes values only through the environment", () => {
    const { inputs, parent } = deployed.get(FUNCTION, "f-function");
    const { code, ...rest } = inputs;
    assert.equal(parent, LAMBDA);
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

  it("reads in order, keeps failed batches and reports failures by record", () => {
    const { inputs, parent, dependencies } = deployed.get(MAPPING, "f-mapping");
    assert.equal(parent, PARENT);
    assert.deepEqual(inputs, {
      eventSourceArn: STREAM_ARN,
      functionName: `arn:aws:lambda:ap-southeast-1:123456789012:function:${NAME}`,
      startingPosition: "TRIM_HORIZON",
      batchSize: 500,
      maximumBatchingWindowInSeconds: 1,
      parallelizationFactor: 1,
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: 518_400,
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ["ReportBatchItemFailures"],
      destinationConfig: { onFailure: { destinationArn: "arn:aws:s3:::up" } },
      metricsConfig: { metrics: ["EventCount"] },
      tags: TAGS,
    });
    assert.ok(dependencies.includes("f-role-policy"));
  });

  it("gives the function's role what it needs, known at preview", async () => {
    const { get } = await deploy(make(), { preview: true });
    const { inputs } = get("aws:iam/rolePolicy:RolePolicy", "f-role-policy");
    assert.deepEqual(inputs, {
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

  it("shares the calls that Personalize accepts among the concurrent invocations, and makes at least one per second", async () => {
    for (const [shards, parallelizationFactor, calls] of [
      [1, 1, "1000"],
      [5, 1, "200"],
      [5, 3, "66"],
      [500, 10, "1"],
    ] as const) {
      const { get } = await deploy(make({ stream: { ...ARGS.stream, shards }, parallelizationFactor }));
      const { variables } = get(FUNCTION, "f-function").inputs.environment as { variables: Record<string, string> };
      assert.equal(variables.CALLS_PER_SECOND, calls, `${shards} x ${parallelizationFactor}`);
      assert.equal(get(MAPPING, "f-mapping").inputs.parallelizationFactor, parallelizationFactor);
    }
  });

  it("uses limits and key prefix as given", async () => {
    const { get } = await deploy(
      make({
        ...{ context: PERSONAL_CONTEXT, batchSize: 7, windowSeconds: 0, memoryMiB: 512, timeoutSeconds: 30, reservedConcurrency: 3 },
        callsPerSecond: 42,
      }),
    );
    const { reservedConcurrentExecutions, memorySize, timeout, environment } = get(FUNCTION, "f-function").inputs;
    assert.deepEqual([reservedConcurrentExecutions, memorySize, timeout], [3, 512, 30]);
    const { variables } = environment as { variables: Record<string, string> };
    assert.equal(variables.DEAD_LETTER_PREFIX, "alice/crm/dashboard_interaction/dead_letter/");
    assert.equal(variables.CALLS_PER_SECOND, "42");
    const { batchSize, maximumBatchingWindowInSeconds } = get(MAPPING, "f-mapping").inputs;
    assert.deepEqual([batchSize, maximumBatchingWindowInSeconds], [7, 0]);
  });
});
