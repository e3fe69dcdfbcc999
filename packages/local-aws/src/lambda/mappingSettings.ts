import { z } from "zod";
import { inputsOf } from "../inputs";
import type { Json } from "../service";

/** Settings of an event source mapping, with the service's defaults filled in. */
export interface MappingSettings {
  streamArn: string;
  /** Name or ARN. */
  functionName: string;
  startingPosition: "TRIM_HORIZON" | "LATEST" | "AT_TIMESTAMP";
  /** Epoch milliseconds, with AT_TIMESTAMP. */
  startingTime?: number;
  batchSize: number;
  windowSeconds: number;
  /** Batches of one shard that run at the same time. */
  parallelizationFactor: number;
  bisect: boolean;
  reportsItemFailures: boolean;
  /** -1: until the records expire. */
  maximumRetryAttempts: number;
  /** -1: until the records expire. */
  maximumRecordAgeSeconds: number;
  /** Bucket that receives discarded batches. */
  failureBucket?: string;
  enabled: boolean;
}

/** A whole number in a range, or -1 for no limit, which is the default. */
const limited = (least: number, most: number) =>
  z
    .int()
    .refine((value) => value === -1 || (value >= least && value <= most), `-1 or a whole number from ${least} to ${most}`)
    .default(-1);

/**
 * Input properties of `aws:lambda/eventSourceMapping:EventSourceMapping` that are used, or that change nothing on one machine.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 */
export const MAPPING_INPUTS = inputsOf(
  z.strictObject({
    eventSourceArn: z.string().regex(/^arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/[^/]+$/, "the ARN of a Kinesis stream"),
    functionName: z.string(),
    startingPosition: z.enum(["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]),
    startingPositionTimestamp: z.string().optional(),
    batchSize: z.int().min(1).max(10_000).default(100),
    maximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
    parallelizationFactor: z.int().min(1).max(10).default(1),
    bisectBatchOnFunctionError: z.boolean().default(false),
    functionResponseTypes: z.array(z.literal("ReportBatchItemFailures")).default([]),
    maximumRetryAttempts: limited(0, 10_000),
    maximumRecordAgeInSeconds: limited(60, 604_800),
    destinationConfig: z
      .strictObject({
        onFailure: z.strictObject({
          destinationArn: z
            .string()
            .regex(/^arn:[^:]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the ARN of a bucket (the local cloud knows no other destination)"),
        }),
      })
      .optional(),
    enabled: z.boolean().default(true),
    metricsConfig: z.strictObject({ metrics: z.array(z.literal("EventCount")) }).optional(),
    tags: z.record(z.string(), z.string()).default({}),
  }),
  ({ eventSourceArn }) => `EventSourceMapping of ${(eventSourceArn as string | undefined) ?? "a stream"}`,
);

/** @throws Error naming an input that is wrong or must be given */
export function mappingSettings(inputs: Json): MappingSettings {
  const read = MAPPING_INPUTS.read(inputs);
  const { startingPosition, startingPositionTimestamp: timestamp } = read;
  if ((startingPosition === "AT_TIMESTAMP") !== (timestamp !== undefined)) {
    throw new Error(`EventSourceMapping: startingPositionTimestamp must be given with AT_TIMESTAMP only, got ${timestamp}`);
  }
  return {
    streamArn: read.eventSourceArn,
    functionName: read.functionName,
    startingPosition,
    ...(timestamp === undefined ? {} : { startingTime: Date.parse(timestamp) }),
    batchSize: read.batchSize,
    windowSeconds: read.maximumBatchingWindowInSeconds,
    parallelizationFactor: read.parallelizationFactor,
    bisect: read.bisectBatchOnFunctionError,
    reportsItemFailures: read.functionResponseTypes.length > 0,
    maximumRetryAttempts: read.maximumRetryAttempts,
    maximumRecordAgeSeconds: read.maximumRecordAgeInSeconds,
    failureBucket: read.destinationConfig?.onFailure.destinationArn.split(":::")[1],
    enabled: read.enabled,
  };
}
