import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { deliveryStreamName, eventPrefixes, physicalName, streamName } from "../shared/naming";
import { serviceRole } from "../shared/serviceRole";
import type { TenantContext } from "../shared/tenantContext";
import { deliveryPolicy, deliveryTrust, producerPolicy } from "./eventFeedPolicies";

export interface EventFeedArgs {
  context: TenantContext;
  /** ARN of the bucket that receives the raw events. */
  upstream: pulumi.Input<string>;
  /** The Kinesis stream that dashboards send events to. */
  stream?: {
    /** Physical name. @default `<tenant>-c360-recommender-stream-<stage>` */
    name?: string;
    /** Whether capacity is provisioned in shards, or left to the service. @default provisioned */
    mode?: "provisioned" | "on-demand";
    /** Number of provisioned shards; each accepts 1 MiB or 1000 records per second. @default 1 */
    shards?: number;
    /** Hours for which records can be read. @default 24 */
    retentionHours?: number;
  };
  /** The Firehose delivery stream that writes every record to `upstream`. */
  delivery?: {
    /** Physical name. @default `<tenant>-c360-recommender-delivery-<stage>` */
    name?: string;
    /** Seconds after which buffered records are written, unless `sizeMiB` is reached first. @default 300 */
    intervalSeconds?: number;
    /** MiB after which buffered records are written, unless `intervalSeconds` have passed first. @default 5 */
    sizeMiB?: number;
    /** @default UNCOMPRESSED */
    compression?: "UNCOMPRESSED" | "GZIP";
  };
  /** Whether the delivery stream refuses deletion: a new one starts at the newest record and leaves a gap. @default false */
  protect?: boolean;
}

/** A stream as its consumers need to know it. */
export interface EventStream {
  /** Physical name, known at preview. */
  name: string;
  arn: pulumi.Input<string>;
  /** Shards that the stream has when it is created. */
  shards: number;
  retentionHours: number;
}

/** Shards that an on-demand stream starts with: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;

const LOG_STREAM = "DestinationDelivery";

/** Receives events from dashboards and delivers every record to upstream. */
export class EventFeed extends pulumi.ComponentResource {
  readonly stream: EventStream;
  readonly deliveryStream: aws.kinesis.FirehoseDeliveryStream;
  /** Managed policy for producers of events; created once the delivery stream reads. */
  readonly producerPolicy: aws.iam.Policy;

  constructor(name: string, args: EventFeedArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:events:EventFeed", name, args, opts);
    const { context, upstream, protect = false } = args;
    const { mode = "provisioned", shards = 1, retentionHours = 24, ...stream } = args.stream ?? {};
    const { intervalSeconds = 300, sizeMiB = 5, compression = "UNCOMPRESSED", ...delivery } = args.delivery ?? {};
    const names = { stream: stream.name ?? streamName(context), delivery: delivery.name ?? deliveryStreamName(context) };
    const onDemand = mode === "on-demand";
    const { tags } = context;
    const parent = { parent: this };

    const { arn } = new aws.kinesis.Stream(
      `${name}-stream`,
      {
        name: names.stream,
        streamModeDetails: { streamMode: onDemand ? "ON_DEMAND" : "PROVISIONED" },
        shardCount: onDemand ? undefined : shards,
        retentionPeriod: retentionHours,
        encryptionType: "KMS",
        kmsKeyId: "alias/aws/kinesis",
        // Otherwise consumers that others registered would keep the stream from being deleted.
        enforceConsumerDeletion: true,
        tags,
      },
      parent,
    );
    this.stream = { name: names.stream, arn, shards: onDemand ? ON_DEMAND_SHARDS : shards, retentionHours };

    const logGroupName = `/aws/kinesisfirehose/${names.delivery}`;
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: logGroupName, retentionInDays: context.logRetentionDays, tags },
      parent,
    );
    const logStream = new aws.cloudwatch.LogStream(`${name}-errors`, { name: LOG_STREAM, logGroupName: logGroup.name }, parent);
    const { role, rolePolicy } = serviceRole(
      `${name}-role`,
      {
        context,
        purpose: "delivery",
        trust: deliveryTrust(context),
        policy: deliveryPolicy(context, { stream: names.stream, logGroup: logGroupName, logStream: LOG_STREAM }),
      },
      parent,
    );
    this.deliveryStream = new aws.kinesis.FirehoseDeliveryStream(
      `${name}-delivery`,
      {
        name: names.delivery,
        destination: "extended_s3",
        kinesisSourceConfiguration: { kinesisStreamArn: arn, roleArn: role.arn },
        extendedS3Configuration: {
          roleArn: role.arn,
          bucketArn: upstream,
          ...objectPrefixes(context.keyPrefix),
          bufferingInterval: intervalSeconds,
          bufferingSize: sizeMiB,
          compressionFormat: compression,
          processingConfiguration: { enabled: true, processors: [appendNewline()] },
          cloudwatchLoggingOptions: { enabled: true, logGroupName: logGroup.name, logStreamName: logStream.name },
        },
        tags,
      },
      { ...parent, protect, dependsOn: [rolePolicy] },
    );

    this.producerPolicy = new aws.iam.Policy(
      `${name}-producer`,
      { name: physicalName("policy", context, "producer"), policy: producerPolicy(context, names.stream), tags },
      { ...parent, dependsOn: [this.deliveryStream] },
    );

    this.registerOutputs({
      streamArn: arn,
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

/** Firehose concatenates records; the service reads the two characters `\n` as a newline. */
function appendNewline(): aws.types.input.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessor {
  return { type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] };
}
