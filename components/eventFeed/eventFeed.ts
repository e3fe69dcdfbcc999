import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { eventPrefixes, physicalName } from "../shared/naming";
import type { TenantContext } from "../shared/tenantContext";
import { deliveryPolicy, deliveryTrust, producerPolicy } from "./eventFeedPolicies";

export interface EventFeedArgs {
  context: TenantContext;
  /** ARN of the bucket that receives the raw events. */
  upstream: pulumi.Input<string>;
  stream: {
    /** Physical name. */
    name: string;
    mode: "provisioned" | "on-demand";
    /** Only with provisioned capacity; a shard takes 1 MiB/s or 1000 records/s. */
    shards?: number;
    retentionHours: number;
  };
  delivery: {
    /** Physical name. */
    name: string;
    /** Seconds, or MiB, after which an object is written, whichever comes first. */
    intervalSeconds: number;
    sizeMiB: number;
    compression: "UNCOMPRESSED" | "GZIP";
  };
  /** Refuses deletion of the delivery stream: a new one starts at the newest record and leaves a gap. */
  protect: boolean;
}

const LOG_STREAM = "DestinationDelivery";

/** Takes events from dashboards and brings every record into upstream. */
export class EventFeed extends pulumi.ComponentResource {
  readonly stream: aws.kinesis.Stream;
  readonly deliveryStream: aws.kinesis.FirehoseDeliveryStream;
  /** Managed policy for whoever sends events; there once the delivery stream reads. */
  readonly producerPolicy: aws.iam.Policy;

  constructor(name: string, args: EventFeedArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:events:EventFeed", name, {}, opts);
    const { context, stream, delivery, upstream } = args;
    const { tags } = context;
    const parent = { parent: this };

    this.stream = new aws.kinesis.Stream(
      `${name}-stream`,
      {
        name: stream.name,
        streamModeDetails: { streamMode: stream.mode === "on-demand" ? "ON_DEMAND" : "PROVISIONED" },
        shardCount: stream.shards,
        retentionPeriod: stream.retentionHours,
        encryptionType: "KMS",
        kmsKeyId: "alias/aws/kinesis",
        tags,
      },
      parent,
    );

    const logGroupName = `/aws/kinesisfirehose/${delivery.name}`;
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: logGroupName, retentionInDays: context.logRetentionDays, tags },
      parent,
    );
    const logStream = new aws.cloudwatch.LogStream(`${name}-errors`, { name: LOG_STREAM, logGroupName: logGroup.name }, parent);
    const role = new aws.iam.Role(
      `${name}-role`,
      { name: physicalName("role", context, "delivery"), assumeRolePolicy: deliveryTrust(context), tags },
      parent,
    );
    const rolePolicy = new aws.iam.RolePolicy(
      `${name}-role-policy`,
      {
        role: role.name,
        policy: deliveryPolicy(context, { stream: stream.name, logGroup: logGroupName, logStream: LOG_STREAM }),
      },
      parent,
    );
    this.deliveryStream = new aws.kinesis.FirehoseDeliveryStream(
      `${name}-delivery`,
      {
        name: delivery.name,
        destination: "extended_s3",
        kinesisSourceConfiguration: { kinesisStreamArn: this.stream.arn, roleArn: role.arn },
        extendedS3Configuration: {
          roleArn: role.arn,
          bucketArn: upstream,
          ...objectPrefixes(context.keyPrefix),
          bufferingInterval: delivery.intervalSeconds,
          bufferingSize: delivery.sizeMiB,
          compressionFormat: delivery.compression,
          processingConfiguration: { enabled: true, processors: [newlines()] },
          cloudwatchLoggingOptions: { enabled: true, logGroupName: logGroup.name, logStreamName: logStream.name },
        },
        tags,
      },
      { ...parent, protect: args.protect, dependsOn: [rolePolicy] },
    );

    this.producerPolicy = new aws.iam.Policy(
      `${name}-producer`,
      { name: physicalName("policy", context, "producer"), policy: producerPolicy(context, stream.name), tags },
      { ...parent, dependsOn: [this.deliveryStream] },
    );

    this.registerOutputs({
      streamArn: this.stream.arn,
      deliveryStreamName: this.deliveryStream.name,
      producerPolicyArn: this.producerPolicy.arn,
    });
  }
}

/** The hour is the record's arrival in UTC: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html */
function objectPrefixes(keyPrefix: string): { prefix: string; errorOutputPrefix: string } {
  const { latest, errors } = eventPrefixes(keyPrefix);
  return {
    prefix: `${latest}!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/`,
    errorOutputPrefix: `${errors}!{firehose:error-output-type}/`,
  };
}

/** Firehose joins records without anything between them; the service reads the two characters `\n` as a newline. */
function newlines(): aws.types.input.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessor {
  return { type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] };
}
