import { z } from "zod";
import { inputsOf } from "../inputs";
import type { Json } from "../service";
import { checkErrorPrefix, compilePrefix, hasExpressions } from "./prefix";

/** A delivery stream's settings, checked and complete. */
export interface DeliverySettings {
  name: string;
  source: { streamArn: string; roleArn: string };
  bucket: string;
  roleArn: string;
  /** Key prefix of an object whose oldest record arrived at a time (epoch milliseconds). */
  prefix: (arrivedAt: number) => string;
  intervalSeconds: number;
  sizeBytes: number;
  gzip: boolean;
  /** Follows each record. */
  delimiter: string;
  /** Where errors are logged, when they are. */
  log?: { logGroupName: string; logStreamName: string };
}

const MIB = 1024 * 1024;
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };

const delimiter = z.strictObject({
  type: z.literal("AppendDelimiterToRecord"),
  parameters: z
    .array(z.strictObject({ parameterName: z.literal("Delimiter"), parameterValue: z.string() }))
    .max(1)
    .default([]),
});

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html */
const destination = z.strictObject({
  bucketArn: z.string().regex(/^arn:[^:]+:s3:::[^/]+$/, "a bucket's ARN"),
  roleArn: z.string(),
  prefix: z.string().default(""),
  errorOutputPrefix: z.string().default(""),
  bufferingInterval: z.int().min(0).max(900).default(300),
  bufferingSize: z.int().min(1).max(128).default(5),
  compressionFormat: z.enum(["UNCOMPRESSED", "GZIP"]).default("UNCOMPRESSED"),
  cloudwatchLoggingOptions: z
    .strictObject({ enabled: z.boolean(), logGroupName: z.string().optional(), logStreamName: z.string().optional() })
    .optional(),
  processingConfiguration: z.strictObject({ enabled: z.boolean(), processors: z.array(delimiter).max(1).default([]) }).optional(),
});

const title = ({ name }: Json): string => `Delivery stream "${(name as string | undefined) ?? "?"}"`;

/** Inputs of `aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream`. */
export const INPUTS = inputsOf(
  z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/, "1 to 64 of a-z, A-Z, 0-9, _, . and -"),
    destination: z.literal("extended_s3"),
    kinesisSourceConfiguration: z.strictObject({
      kinesisStreamArn: z.string().regex(/^arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/.+$/, "a stream's ARN"),
      roleArn: z.string(),
    }),
    extendedS3Configuration: destination,
    tags: z.record(z.string(), z.string()).default({}),
  }),
  title,
  ({ extendedS3Configuration: { prefix = "", errorOutputPrefix = "" } = {} as Partial<z.input<typeof destination>> }) => {
    try {
      compilePrefix(prefix);
      checkErrorPrefix(errorOutputPrefix);
    } catch (error) {
      throw new Error(`extendedS3Configuration.${(error as Error).message}`, { cause: error });
    }
  },
);

/**
 * Reads complete inputs.
 *
 * @throws Error naming the delivery stream, the input, the rule and the value
 */
export function readSettings(raw: Json): DeliverySettings {
  const { name, kinesisSourceConfiguration: source, extendedS3Configuration: s3 } = INPUTS.read(raw);
  const need = <T>(key: string, value: T | undefined): T => {
    if (value === undefined) throw new Error(`${title(raw)}: extendedS3Configuration.${key} must be given`);
    return value;
  };
  const { prefix, cloudwatchLoggingOptions: logging, processingConfiguration: processing } = s3;
  if (hasExpressions(prefix)) need("errorOutputPrefix (as prefix has expressions)", s3.errorOutputPrefix || undefined);
  const log = logging?.enabled && {
    logGroupName: need("cloudwatchLoggingOptions.logGroupName", logging.logGroupName),
    logStreamName: need("cloudwatchLoggingOptions.logStreamName", logging.logStreamName),
  };
  return {
    name,
    source: { streamArn: source.kinesisStreamArn, roleArn: source.roleArn },
    bucket: s3.bucketArn.split(":::")[1],
    roleArn: s3.roleArn,
    prefix: compilePrefix(prefix),
    intervalSeconds: s3.bufferingInterval,
    sizeBytes: s3.bufferingSize * MIB,
    gzip: s3.compressionFormat === "GZIP",
    delimiter: processing?.enabled ? delimiterOf(processing.processors) : "",
    ...(log ? { log } : {}),
  };
}

function delimiterOf(processors: z.output<typeof delimiter>[]): string {
  const [processor] = processors;
  if (processor === undefined) return "";
  const written = processor.parameters.at(0)?.parameterValue ?? "\\n";
  return written.replace(/\\([nrt\\])/g, (_, letter: string) => ESCAPES[letter]);
}
