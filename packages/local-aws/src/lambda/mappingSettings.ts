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

/** Input properties of `aws:lambda/eventSourceMapping:EventSourceMapping` that are honoured, or that change nothing on one machine. */
export const MAPPING_INPUTS = [
  "eventSourceArn",
  "functionName",
  "startingPosition",
  "startingPositionTimestamp",
  "batchSize",
  "maximumBatchingWindowInSeconds",
  "parallelizationFactor",
  "bisectBatchOnFunctionError",
  "functionResponseTypes",
  "maximumRetryAttempts",
  "maximumRecordAgeInSeconds",
  "destinationConfig",
  "enabled",
  "metricsConfig",
  "tags",
] as const;

interface Inputs {
  eventSourceArn?: string;
  functionName?: string;
  startingPosition?: MappingSettings["startingPosition"];
  startingPositionTimestamp?: string;
  batchSize?: number;
  maximumBatchingWindowInSeconds?: number;
  parallelizationFactor?: number;
  bisectBatchOnFunctionError?: boolean;
  functionResponseTypes?: string[];
  maximumRetryAttempts?: number;
  maximumRecordAgeInSeconds?: number;
  destinationConfig?: { onFailure?: { destinationArn?: string } };
  metricsConfig?: { metrics?: string[] };
  enabled?: boolean;
}

const POSITIONS = ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"];
/** Numbers by key: the range, and a value below it that means "no limit". */
const RANGES: [keyof Inputs, number, number, number?][] = [
  ["batchSize", 1, 10_000],
  ["maximumBatchingWindowInSeconds", 0, 300],
  ["parallelizationFactor", 1, 10],
  ["maximumRetryAttempts", 0, 10_000, -1],
  ["maximumRecordAgeInSeconds", 60, 604_800, -1],
];

/**
 * Refuses what the service or this stand-in would not take.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 * @throws Error naming key, rule and value
 */
export function checkMapping(json: Json): void {
  const inputs = json as Inputs;
  const { eventSourceArn: source, startingPosition, functionResponseTypes, destinationConfig, metricsConfig } = inputs;
  const demand = (holds: boolean, key: string, rule: string, value: unknown): void => {
    if (!holds) throw new Error(`EventSourceMapping of ${source ?? "a stream"}: ${key} must be ${rule}, got ${String(value)}`);
  };
  demand(
    source === undefined || /^arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/[^/]+$/.test(source),
    "eventSourceArn",
    "the ARN of a Kinesis stream",
    source,
  );
  demand(
    startingPosition === undefined || POSITIONS.includes(startingPosition),
    "startingPosition",
    `one of ${POSITIONS.join(", ")}`,
    startingPosition,
  );
  for (const [key, min, max, unlimited] of RANGES) {
    const value = inputs[key] ?? min;
    const holds = Number.isInteger(value) && ((Number(value) >= min && Number(value) <= max) || value === unlimited);
    demand(holds, key, `${unlimited === undefined ? "" : `${unlimited} or `}a whole number from ${min} to ${max}`, value);
  }
  const type = functionResponseTypes?.find((value) => value !== "ReportBatchItemFailures");
  demand(type === undefined, "functionResponseTypes", "ReportBatchItemFailures", type);
  const metric = metricsConfig?.metrics?.find((value) => value !== "EventCount");
  demand(metric === undefined, "metricsConfig.metrics", "EventCount", metric);
  onlyMembers("destinationConfig", destinationConfig, "onFailure");
  onlyMembers("destinationConfig.onFailure", destinationConfig?.onFailure, "destinationArn");
  const destination = destinationConfig?.onFailure?.destinationArn;
  demand(
    destination === undefined || /^arn:[^:]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(destination),
    "destinationConfig.onFailure.destinationArn",
    "the ARN of a bucket (the local cloud knows no other destination)",
    destination,
  );
}

/**
 * Fills in the defaults of the service for a Kinesis stream.
 *
 * @throws Error naming an input that must be given
 */
export function mappingSettings(json: Json): MappingSettings {
  const inputs = json as Inputs;
  const given = <K extends "eventSourceArn" | "functionName" | "startingPosition">(key: K): NonNullable<Inputs[K]> => {
    const value = inputs[key];
    if (value === undefined) throw new Error(`EventSourceMapping: ${key} must be given`);
    return value;
  };
  const startingPosition = given("startingPosition");
  const timestamp = inputs.startingPositionTimestamp;
  if ((startingPosition === "AT_TIMESTAMP") !== (timestamp !== undefined)) {
    throw new Error(`EventSourceMapping: startingPositionTimestamp must be given with AT_TIMESTAMP only, got ${timestamp}`);
  }
  const destination = inputs.destinationConfig?.onFailure?.destinationArn;
  return {
    streamArn: given("eventSourceArn"),
    functionName: given("functionName"),
    startingPosition,
    ...(timestamp === undefined ? {} : { startingTime: Date.parse(timestamp) }),
    batchSize: inputs.batchSize ?? 100,
    windowSeconds: inputs.maximumBatchingWindowInSeconds ?? 0,
    parallelizationFactor: inputs.parallelizationFactor ?? 1,
    bisect: inputs.bisectBatchOnFunctionError ?? false,
    reportsItemFailures: inputs.functionResponseTypes?.includes("ReportBatchItemFailures") ?? false,
    maximumRetryAttempts: inputs.maximumRetryAttempts ?? -1,
    maximumRecordAgeSeconds: inputs.maximumRecordAgeInSeconds ?? -1,
    ...(destination === undefined ? {} : { failureBucket: destination.slice(destination.lastIndexOf(":") + 1) }),
    enabled: inputs.enabled ?? true,
  };
}

function onlyMembers(key: string, value: object | undefined, member: string): void {
  const unknown = Object.keys(value ?? {}).find((name) => name !== member);
  if (unknown !== undefined) throw new Error(`EventSourceMapping: ${key} must be an object of ${member}, got ${unknown}`);
}
