import * as assert from "node:assert/strict";
import { EventFeed, type EventFeedArgs } from "../../../components/eventFeed/eventFeed";
import { CONTEXT, deploy, PERSONAL_CONTEXT } from "../../support/pulumiMocks";

const ARGS: EventFeedArgs = {
  context: { ...PERSONAL_CONTEXT, keyPrefix: "" },
  stream: { name: "events", mode: "provisioned", shards: 2, retentionHours: 168 },
  delivery: { name: "to-lake" },
  upstream: "arn:aws:s3:::up",
};
const PARENT = "c360:events:EventFeed f";
const { tags: TAGS } = CONTEXT;
const STREAM_ARN = "arn:aws:kinesis:ap-southeast-1:123456789012:stream/events";
const ROLE_ARN = "arn:aws:iam::123456789012:role/acme-c360-recommender-delivery-dev";
const STREAM = "aws:kinesis/stream:Stream";
const DELIVERY = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";

function make(args: Partial<EventFeedArgs> = {}) {
  return () => void new EventFeed("f", { ...ARGS, ...args });
}

describe("EventFeed", () => {
  it("needs no more than a context and a bucket", async () => {
    const { get, outputs } = await deploy(() => new EventFeed("f", { context: CONTEXT, upstream: "arn:aws:s3:::up" }).stream);
    const { name, streamModeDetails, shardCount, retentionPeriod } = get(STREAM, "f-stream").inputs;
    assert.deepEqual([name, shardCount, retentionPeriod], ["acme-c360-recommender-stream-dev", 1, 24]);
    assert.deepEqual(streamModeDetails, { streamMode: "PROVISIONED" });
    assert.equal(get(DELIVERY, "f-delivery").inputs.name, "acme-c360-recommender-delivery-dev");
    const arn = "arn:aws:kinesis:ap-southeast-1:123456789012:stream/acme-c360-recommender-stream-dev";
    assert.deepEqual(outputs, { name, arn, shards: 1, retentionHours: 24 });
  });

  it("creates an encrypted stream", async () => {
    const { get } = await deploy(make());
    const { inputs, parent } = get(STREAM, "f-stream");
    assert.equal(parent, PARENT);
    assert.deepEqual(inputs, {
      name: "events",
      streamModeDetails: { streamMode: "PROVISIONED" },
      shardCount: 2,
      retentionPeriod: 168,
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
      enforceConsumerDeletion: true,
      tags: TAGS,
    });
  });

  it("leaves the shards of an on-demand stream to the service, which starts with four", async () => {
    const stream = { name: "events", mode: "on-demand", retentionHours: 48 } as const;
    const { get, outputs } = await deploy(() => new EventFeed("f", { ...ARGS, stream }).stream);
    const { inputs } = get(STREAM, "f-stream");
    assert.deepEqual(inputs.streamModeDetails, { streamMode: "ON_DEMAND" });
    assert.ok(!("shardCount" in inputs));
    assert.deepEqual(outputs, { name: "events", arn: STREAM_ARN, shards: 4, retentionHours: 48 });
  });

  it("delivers every record with a newline, by the hour of arrival", async () => {
    const { get } = await deploy(make());
    const { inputs, parent, protect } = get(DELIVERY, "f-delivery");
    assert.deepEqual({ parent, protect }, { parent: PARENT, protect: false });
    assert.deepEqual(inputs, {
      name: "to-lake",
      destination: "extended_s3",
      kinesisSourceConfiguration: { kinesisStreamArn: STREAM_ARN, roleArn: ROLE_ARN },
      extendedS3Configuration: {
        roleArn: ROLE_ARN,
        bucketArn: "arn:aws:s3:::up",
        prefix: "crm/dashboard_interaction/latest/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/",
        errorOutputPrefix: "crm/dashboard_interaction/errors/!{firehose:error-output-type}/",
        bufferingInterval: 300,
        bufferingSize: 5,
        compressionFormat: "UNCOMPRESSED",
        processingConfiguration: {
          enabled: true,
          processors: [{ type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] }],
        },
        cloudwatchLoggingOptions: {
          enabled: true,
          logGroupName: "/aws/kinesisfirehose/to-lake",
          logStreamName: "DestinationDelivery",
        },
      },
      tags: TAGS,
    });
  });

  it("delivers below the stage's prefix, compressed and protected, as configured", async () => {
    const { get } = await deploy(
      make({
        delivery: { ...ARGS.delivery, intervalSeconds: 0, sizeMiB: 128, compression: "GZIP" },
        context: PERSONAL_CONTEXT,
        protect: true,
      }),
    );
    const { inputs, protect } = get(DELIVERY, "f-delivery");
    const s3 = inputs.extendedS3Configuration as Record<string, unknown>;
    assert.equal(protect, true);
    assert.equal(s3.prefix, "alice/crm/dashboard_interaction/latest/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/");
    assert.equal(s3.errorOutputPrefix, "alice/crm/dashboard_interaction/errors/!{firehose:error-output-type}/");
    assert.deepEqual([s3.bufferingInterval, s3.bufferingSize, s3.compressionFormat], [0, 128, "GZIP"]);
  });

  it("gives the delivery role what Firehose needs, known at preview", async () => {
    const { get } = await deploy(make(), { preview: true });
    const role = get("aws:iam/role:Role", "f-role");
    assert.equal(role.parent, PARENT);
    assert.deepEqual(role.inputs, {
      name: "acme-c360-recommender-delivery-dev",
      tags: TAGS,
      forceDetachPolicies: true,
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Assume",
            Effect: "Allow",
            Principal: { Service: "firehose.amazonaws.com" },
            Action: "sts:AssumeRole",
            Condition: { StringEquals: { "sts:ExternalId": "123456789012" } },
          },
        ],
      },
    });
    const rolePolicy = get("aws:iam/rolePolicy:RolePolicy", "f-role-policy");
    assert.equal(rolePolicy.parent, PARENT);
    assert.deepEqual(rolePolicy.inputs, {
      role: "acme-c360-recommender-delivery-dev",
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "ReadStream",
            Effect: "Allow",
            Action: ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"],
            Resource: STREAM_ARN,
          },
          {
            Sid: "WriteObjects",
            Effect: "Allow",
            Action: ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
            Resource: ["arn:aws:s3:::up/crm/dashboard_interaction/latest/*", "arn:aws:s3:::up/crm/dashboard_interaction/errors/*"],
          },
          {
            Sid: "UseBucket",
            Effect: "Allow",
            Action: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            Resource: "arn:aws:s3:::up",
          },
          {
            Sid: "LogErrors",
            Effect: "Allow",
            Action: "logs:PutLogEvents",
            Resource: "arn:aws:logs:ap-southeast-1:123456789012:log-group:/aws/kinesisfirehose/to-lake:log-stream:DestinationDelivery",
          },
          {
            Sid: "UseStreamKey",
            Effect: "Allow",
            Action: "kms:Decrypt",
            Resource: "arn:aws:kms:ap-southeast-1:123456789012:key/*",
            Condition: {
              StringEquals: {
                "kms:ViaService": "kinesis.ap-southeast-1.amazonaws.com",
                "kms:EncryptionContext:aws:kinesis:arn": STREAM_ARN,
              },
            },
          },
          {
            Sid: "UseObjectKeys",
            Effect: "Allow",
            Action: ["kms:GenerateDataKey", "kms:Decrypt"],
            Resource: "arn:aws:kms:ap-southeast-1:123456789012:key/*",
            Condition: {
              StringEquals: { "kms:ViaService": "s3.ap-southeast-1.amazonaws.com" },
              StringLike: {
                "kms:EncryptionContext:aws:s3:arn": [
                  "arn:aws:s3:::up",
                  "arn:aws:s3:::up/crm/dashboard_interaction/latest/*",
                  "arn:aws:s3:::up/crm/dashboard_interaction/errors/*",
                ],
              },
            },
          },
        ],
      },
    });
  });

  it("writes delivery errors to its own log group", async () => {
    const { get } = await deploy(make());
    const group = get("aws:cloudwatch/logGroup:LogGroup", "f-logs");
    assert.deepEqual(group.inputs, { name: "/aws/kinesisfirehose/to-lake", retentionInDays: 14, tags: TAGS });
    const stream = get("aws:cloudwatch/logStream:LogStream", "f-errors");
    assert.deepEqual(stream.inputs, { name: "DestinationDelivery", logGroupName: "/aws/kinesisfirehose/to-lake" });
    assert.deepEqual([group.parent, stream.parent], [PARENT, PARENT]);
  });

  it("creates the delivery stream after its role's policy, and the producers' policy after that", async () => {
    const { get } = await deploy(make(), { preview: true });
    assert.deepEqual(get(DELIVERY, "f-delivery").dependencies, ["f-errors", "f-logs", "f-role", "f-role-policy", "f-stream"]);
    const producer = get("aws:iam/policy:Policy", "f-producer");
    assert.deepEqual([producer.parent, producer.dependencies], [PARENT, ["f-delivery"]]);
    assert.deepEqual(producer.inputs, {
      name: "acme-c360-recommender-producer-dev",
      tags: TAGS,
      policy: {
        Version: "2012-10-17",
        Statement: [{ Sid: "PutEvents", Effect: "Allow", Action: ["kinesis:PutRecord", "kinesis:PutRecords"], Resource: STREAM_ARN }],
      },
    });
  });
});
