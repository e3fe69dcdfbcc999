import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { makeHandler } from "../../functions/forwardEvents/handler";
import type { EventStream } from "../eventFeed/eventFeed";
import { inlineCode } from "../shared/lambdaCode";
import { LambdaFunction } from "../shared/lambdaFunction";
import { eventPrefixes } from "../shared/naming";
import { allow, FAILED_BATCHES, ONLY_ON_STAR, type Statement } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";

export interface EventForwarderArgs {
  context: TenantContext;
  stream: EventStream;
  /** ARN of the bucket that receives what could not be forwarded. */
  upstream: pulumi.Input<string>;
  /** Tracking id of the Personalize event tracker. */
  trackingId: pulumi.Input<string>;
  /** Most records per invocation. @default 500 */
  batchSize?: number;
  /** Seconds that a batch may take to fill. @default 1 */
  windowSeconds?: number;
  /** Concurrent invocations per shard. @default 1 */
  parallelizationFactor?: number;
  /** @default 256 */
  memoryMiB?: number;
  /** @default 60 */
  timeoutSeconds?: number;
  /** Concurrent invocations that are set aside for, and allowed to, the function. @default the account's shared pool */
  reservedConcurrency?: number;
  /** PutEvents calls per second that one container may make. @default its share of 1000: 1000 / (shards x parallelizationFactor) */
  callsPerSecond?: number;
}

/** PutEvents calls per second that a dataset group accepts: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const PUT_EVENTS_PER_SECOND = 1000;
/** Highest record age that a mapping accepts: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const MAXIMUM_AGE_SECONDS = 604_800;

/** One for all tenants, so that it is serialized once. */
const factory = () => makeHandler();

/** Forwards the stream's events to Personalize, and keeps in upstream what it gives up on. */
export class EventForwarder extends pulumi.ComponentResource {
  readonly function: aws.lambda.Function;
  readonly mapping: aws.lambda.EventSourceMapping;

  constructor(name: string, args: EventForwarderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:events:EventForwarder", name, args, opts);
    const { context, stream, upstream, trackingId, parallelizationFactor = 1 } = args;
    const { callsPerSecond = Math.max(1, Math.floor(PUT_EVENTS_PER_SECOND / (stream.shards * parallelizationFactor))) } = args;

    const lambda = new LambdaFunction(
      name,
      {
        context,
        purpose: "forwarder",
        code: inlineCode(factory),
        statements: forwarderStatements(context, stream.name),
        memoryMiB: args.memoryMiB ?? 256,
        timeoutSeconds: args.timeoutSeconds ?? 60,
        reservedConcurrency: args.reservedConcurrency,
        environment: {
          TRACKING_ID: trackingId,
          DEAD_LETTER_BUCKET: context.buckets.upstream,
          DEAD_LETTER_PREFIX: eventPrefixes(context.keyPrefix).deadLetters,
          CALLS_PER_SECOND: String(callsPerSecond),
          TENANT: context.tenant,
          STAGE: context.stage,
        },
      },
      { parent: this },
    );
    this.function = lambda.function;
    this.mapping = new aws.lambda.EventSourceMapping(
      `${name}-mapping`,
      {
        eventSourceArn: stream.arn,
        functionName: this.function.arn,
        startingPosition: "TRIM_HORIZON",
        batchSize: args.batchSize ?? 500,
        maximumBatchingWindowInSeconds: args.windowSeconds ?? 1,
        parallelizationFactor,
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: maximumRecordAgeSeconds(stream.retentionHours),
        bisectBatchOnFunctionError: true,
        functionResponseTypes: ["ReportBatchItemFailures"],
        destinationConfig: { onFailure: { destinationArn: upstream } },
        metricsConfig: { metrics: ["EventCount"] },
        tags: context.tags,
      },
      { parent: this, dependsOn: [lambda] },
    );

    this.registerOutputs({ functionName: this.function.name, mappingId: this.mapping.id });
  }
}

/** 6/7 of the retention, so that a record reaches the failure destination before the stream drops it. */
function maximumRecordAgeSeconds(retentionHours: number): number {
  return Math.min(Math.floor((retentionHours * 3600 * 6) / 7), MAXIMUM_AGE_SECONDS);
}

/**
 * What the forwarder may do: read its stream, send events, and keep what failed: its dead letters and Lambda's failed batches.
 *
 * @param stream physical name
 */
export function forwarderStatements(context: TenantContext, stream: string): Statement[] {
  const arns = arnsOf(context);
  const { upstream } = context.buckets;
  const { deadLetters } = eventPrefixes(context.keyPrefix);
  const read = ["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"];
  return [
    allow(
      "ReadStream",
      read.map((operation) => `kinesis:${operation}`),
      arns.stream(stream),
    ),
    allow("SendEvents", ONLY_ON_STAR.personalize, "*"),
    allow("KeepFailures", "s3:PutObject", [arns.objects(upstream, deadLetters), arns.objects(upstream, FAILED_BATCHES)]),
    {
      ...allow("ListFailures", "s3:ListBucket", arns.bucket(upstream)),
      Condition: { StringLike: { "s3:prefix": [`${deadLetters}*`, `${FAILED_BATCHES}*`] } },
    },
  ];
}
