import type { Json } from "../service";
import { checkErrorPrefix, compilePrefix, hasExpressions } from "./prefix";

/** A delivery stream as it is asked for; checked and complete. */
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
  /** Where errors are told, when they are. */
  log?: { logGroupName: string; logStreamName: string };
}

interface Inputs {
  name?: string;
  destination?: string;
  kinesisSourceConfiguration?: { kinesisStreamArn?: string; roleArn?: string };
  extendedS3Configuration?: {
    bucketArn?: string;
    roleArn?: string;
    prefix?: string;
    errorOutputPrefix?: string;
    bufferingInterval?: number;
    bufferingSize?: number;
    compressionFormat?: string;
    cloudwatchLoggingOptions?: { enabled?: boolean; logGroupName?: string; logStreamName?: string };
    processingConfiguration?: { enabled?: boolean; processors?: Processor[] };
  };
  serverSideEncryption?: { enabled?: boolean };
}

interface Processor {
  type?: string;
  parameters?: { parameterName?: string; parameterValue?: string }[];
}

const MIB = 1024 * 1024;
const DEFAULTS = { bufferingInterval: 300, bufferingSize: 5 };
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };
const S3 = "extendedS3Configuration";
const MEMBERS: Record<string, string[]> = {
  kinesisSourceConfiguration: ["kinesisStreamArn", "roleArn"],
  [S3]: [
    "bucketArn",
    "roleArn",
    "prefix",
    "errorOutputPrefix",
    "bufferingInterval",
    "bufferingSize",
    "compressionFormat",
    "cloudwatchLoggingOptions",
    "processingConfiguration",
  ],
  [`${S3}.cloudwatchLoggingOptions`]: ["enabled", "logGroupName", "logStreamName"],
  [`${S3}.processingConfiguration`]: ["enabled", "processors"],
};

/** Inputs of `aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream` that are looked at. */
export const INPUTS = ["name", "destination", "kinesisSourceConfiguration", S3, "serverSideEncryption", "tags"];

/**
 * Checks the inputs that are known.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html
 * @throws Error naming the delivery stream, the input, the rule and the value
 */
export function checkInputs(raw: Json): void {
  const inputs = raw as Inputs;
  const demand = demandOf(inputs);
  for (const [path, known] of Object.entries(MEMBERS)) {
    const unknown = Object.keys(at(raw, path)).find((key) => !known.includes(key));
    if (unknown !== undefined) throw new Error(`${owner(inputs)}: the local cloud does not know the input ${path}.${unknown}`);
  }
  demand("name", "1 to 64 of a-z, A-Z, 0-9, _, . and -", inputs.name, /^[a-zA-Z0-9_.-]{1,64}$/);
  demand("destination", "extended_s3", inputs.destination, /^extended_s3$/);
  if (inputs.serverSideEncryption?.enabled)
    throw wrong(inputs, "serverSideEncryption", "left out with a Kinesis stream as the source", "enabled");
  const { bufferingInterval, bufferingSize, compressionFormat, prefix, errorOutputPrefix, processingConfiguration, bucketArn } = at(
    raw,
    S3,
  ) as NonNullable<Inputs[typeof S3]>;
  demandWhole(inputs, "bufferingInterval", bufferingInterval, 0, 900);
  demandWhole(inputs, "bufferingSize", bufferingSize, 1, 128);
  demand(`${S3}.compressionFormat`, "UNCOMPRESSED or GZIP", compressionFormat, /^(UNCOMPRESSED|GZIP)$/);
  demand(`${S3}.bucketArn`, "a bucket's ARN", bucketArn, /^arn:[^:]+:s3:::[^/]+$/);
  const streamArn = inputs.kinesisSourceConfiguration?.kinesisStreamArn;
  demand("kinesisSourceConfiguration.kinesisStreamArn", "a stream's ARN", streamArn, /^arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/.+$/);
  delimiterOf(inputs, processingConfiguration);
  try {
    compilePrefix(prefix ?? "");
    checkErrorPrefix(errorOutputPrefix ?? "");
  } catch (error) {
    throw new Error(`${owner(inputs)}: ${S3}.${(error as Error).message}`);
  }
}

/**
 * Reads complete inputs.
 *
 * @throws Error naming what is missing
 */
export function readSettings(raw: Json): DeliverySettings {
  checkInputs(raw);
  const inputs = raw as Inputs;
  const need = <T>(key: string, value: T | undefined): T => {
    if (value === undefined) throw wrong(inputs, key, "given", undefined);
    return value;
  };
  need("destination", inputs.destination);
  const source = need("kinesisSourceConfiguration (the local cloud reads from Kinesis alone)", inputs.kinesisSourceConfiguration);
  const s3 = need(S3, inputs.extendedS3Configuration);
  const { prefix = "", bufferingInterval, bufferingSize, cloudwatchLoggingOptions: logging } = s3;
  if (hasExpressions(prefix)) need(`${S3}.errorOutputPrefix (as prefix has expressions)`, s3.errorOutputPrefix || undefined);
  const key = `${S3}.cloudwatchLoggingOptions`;
  return {
    name: need("name", inputs.name),
    source: {
      streamArn: need("kinesisSourceConfiguration.kinesisStreamArn", source.kinesisStreamArn),
      roleArn: need("kinesisSourceConfiguration.roleArn", source.roleArn),
    },
    bucket: need(`${S3}.bucketArn`, s3.bucketArn).split(":::")[1],
    roleArn: need(`${S3}.roleArn`, s3.roleArn),
    prefix: compilePrefix(prefix),
    intervalSeconds: bufferingInterval ?? DEFAULTS.bufferingInterval,
    sizeBytes: (bufferingSize ?? DEFAULTS.bufferingSize) * MIB,
    gzip: s3.compressionFormat === "GZIP",
    delimiter: delimiterOf(inputs, s3.processingConfiguration),
    ...(logging?.enabled
      ? {
          log: {
            logGroupName: need(`${key}.logGroupName`, logging.logGroupName),
            logStreamName: need(`${key}.logStreamName`, logging.logStreamName),
          },
        }
      : {}),
  };
}

function delimiterOf(inputs: Inputs, processing: { enabled?: boolean; processors?: Processor[] } | undefined): string {
  if (!processing?.enabled) return "";
  let delimiter = "";
  for (const { type, parameters = [] } of processing.processors ?? []) {
    const key = `${S3}.processingConfiguration.processors`;
    if (type !== "AppendDelimiterToRecord") throw wrong(inputs, `${key}.type`, "AppendDelimiterToRecord", type);
    const other = parameters.find(({ parameterName }) => parameterName !== "Delimiter");
    if (other) throw wrong(inputs, `${key}.parameters`, "just Delimiter", other.parameterName);
    const written = parameters.at(0)?.parameterValue ?? "\\n";
    delimiter = written.replace(/\\([nrt\\])/g, (_, letter: string) => ESCAPES[letter]);
  }
  return delimiter;
}

function demandWhole(inputs: Inputs, key: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw wrong(inputs, `${S3}.${key}`, `a whole number from ${least} to ${most}`, value);
}

const demandOf =
  (inputs: Inputs) =>
  (key: string, rule: string, value: string | undefined, pattern: RegExp): void => {
    if (value !== undefined && !pattern.test(value)) throw wrong(inputs, key, rule, value);
  };

const at = (inputs: Json, path: string): Json => path.split(".").reduce((value: Json, key) => (value[key] ?? {}) as Json, inputs);

const owner = ({ name }: Inputs): string => `Delivery stream "${name ?? "?"}"`;

const wrong = (inputs: Inputs, key: string, rule: string, value: unknown): Error =>
  new Error(`${owner(inputs)}: ${key} must be ${rule}, got ${JSON.stringify(value) ?? "nothing"}`);
