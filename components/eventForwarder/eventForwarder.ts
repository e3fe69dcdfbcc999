import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { makeHandler } from "../../functions/forwardEvents/handler";
import { inlineFunction } from "../shared/inlineFunction";
import { inlineCode } from "../shared/lambdaCode";
import { eventPrefixes, physicalName } from "../shared/naming";
import { trustPolicy } from "../shared/policies";
import type { TenantContext } from "../shared/tenantContext";
import { forwarderPolicy } from "./eventForwarderPolicy";

export interface EventForwarderArgs {
  context: TenantContext;
  stream: { name: string; arn: pulumi.Input<string>; retentionHours: number };
  /** ARN of the bucket that receives what could not be forwarded. */
  upstream: pulumi.Input<string>;
  /** Tracking id of the event tracker. */
  trackingId: pulumi.Input<string>;
  /** Records of one invocation, at most. */
  batchSize: number;
  /** Seconds that a batch may take to fill. */
  windowSeconds: number;
  /** Concurrent invocations of one shard. */
  parallelizationFactor: number;
  memoryMiB: number;
  timeoutSeconds: number;
  /** @default the account's shared pool */
  reservedConcurrency?: number;
  /** PutEvents calls a second that one container may make. */
  callsPerSecond: number;
}

/** Longest record age that a mapping takes: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const MAXIMUM_AGE_SECONDS = 604_800;

/** One for all tenants, so that it is serialized once. */
const factory = () => makeHandler();

/** Forwards the stream's events to Personalize; what it gives up on is kept in upstream. */
export class EventForwarder extends pulumi.ComponentResource {
  readonly function: aws.lambda.Function;
  readonly role: aws.iam.Role;
  readonly mapping: aws.lambda.EventSourceMapping;

  constructor(name: string, args: EventForwarderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:events:EventForwarder", name, {}, opts);
    const { context, stream } = args;
    const { tags } = context;
    const parent = { parent: this };

    const functionName = physicalName("function", context, "forwarder");
    const logGroupName = `/aws/lambda/${functionName}`;
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: logGroupName, retentionInDays: context.logRetentionDays, tags },
      parent,
    );
    this.role = new aws.iam.Role(
      `${name}-role`,
      { name: physicalName("role", context, "forwarder"), assumeRolePolicy: trustPolicy("lambda.amazonaws.com"), tags },
      parent,
    );
    const rolePolicy = new aws.iam.RolePolicy(
      `${name}-role-policy`,
      {
        role: this.role.name,
        policy: forwarderPolicy(context, { stream: stream.name, logGroup: logGroupName }),
      },
      parent,
    );
    this.function = inlineFunction(
      `${name}-function`,
      {
        functionName,
        code: inlineCode(factory),
        role: this.role,
        logGroup,
        memoryMiB: args.memoryMiB,
        timeoutSeconds: args.timeoutSeconds,
        reservedConcurrency: args.reservedConcurrency,
        environment: {
          TRACKING_ID: args.trackingId,
          DEAD_LETTER_BUCKET: context.buckets.upstream,
          DEAD_LETTER_PREFIX: eventPrefixes(context.keyPrefix).deadLetters,
          CALLS_PER_SECOND: String(args.callsPerSecond),
          TENANT: context.tenant,
          STAGE: context.stage,
        },
        tags,
      },
      { ...parent, dependsOn: [rolePolicy] },
    );
    this.mapping = new aws.lambda.EventSourceMapping(
      `${name}-mapping`,
      {
        eventSourceArn: stream.arn,
        functionName: this.function.arn,
        startingPosition: "TRIM_HORIZON",
        batchSize: args.batchSize,
        maximumBatchingWindowInSeconds: args.windowSeconds,
        parallelizationFactor: args.parallelizationFactor,
        maximumRetryAttempts: -1,
        maximumRecordAgeInSeconds: maximumRecordAgeSeconds(stream.retentionHours),
        bisectBatchOnFunctionError: true,
        functionResponseTypes: ["ReportBatchItemFailures"],
        destinationConfig: { onFailure: { destinationArn: args.upstream } },
        metricsConfig: { metrics: ["EventCount"] },
        tags,
      },
      { ...parent, dependsOn: [rolePolicy] },
    );

    this.registerOutputs({ functionName: this.function.name, roleArn: this.role.arn, mappingId: this.mapping.id });
  }
}

/** 6/7 of the retention: a record reaches the failure destination before the stream drops it. */
function maximumRecordAgeSeconds(retentionHours: number): number {
  return Math.min(Math.floor((retentionHours * 3600 * 6) / 7), MAXIMUM_AGE_SECONDS);
}
