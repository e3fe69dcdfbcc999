import { autoName } from "../autoName";
import type { Cloud, Json, ResourceType } from "../service";
import type { StreamSettings, Streams } from "./stream";

/** Shards that an on-demand stream starts with: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;
/** All shards of a stream fit into one answer of ListShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html */
const MAX_SHARDS = 1000;
const MODES = ["PROVISIONED", "ON_DEMAND"];
const METRICS = [
  "IncomingBytes",
  "IncomingRecords",
  "OutgoingBytes",
  "OutgoingRecords",
  "WriteProvisionedThroughputExceeded",
  "ReadProvisionedThroughputExceeded",
  "IteratorAgeMilliseconds",
];
/** The key that Kinesis owns; it asks no caller for KMS permissions. */
const OWNED_KEY = "alias/aws/kinesis";

interface StreamInputs {
  name?: string;
  shardCount?: number;
  retentionPeriod?: number;
  streamModeDetails?: { streamMode?: string };
  encryptionType?: "NONE" | "KMS";
  kmsKeyId?: string;
  shardLevelMetrics?: string[];
  maxRecordSizeInKib?: number;
  tags?: Record<string, string>;
}

/** Resource type `aws:kinesis/stream:Stream`. */
export function streamResource(cloud: Cloud, streams: Streams): ResourceType {
  return {
    inputs: [
      "name",
      "shardCount",
      "retentionPeriod",
      "streamModeDetails",
      "encryptionType",
      "kmsKeyId",
      "enforceConsumerDeletion",
      "shardLevelMetrics",
      "tags",
      "maxRecordSizeInKib",
    ],
    check: checkStream,
    create: async (inputs, urn) => {
      const settings = settingsOf(inputs, urn, cloud.clock.now());
      const { name } = settings;
      if (settings.shardCount > MAX_SHARDS)
        throw wrong(inputs, "shardCount", `at most ${MAX_SHARDS} in the local cloud`, settings.shardCount);
      if (streams.has(name)) throw new Error(`Stream "${name}": name must be unique in account ${cloud.account}, it already exists`);
      const { arn } = streams.add(settings);
      return { id: arn, state: stateOf(settings, arn, inputs, cloud.region) };
    },
  };
}

function checkStream(inputs: Json): void {
  const { name, streamModeDetails: details, encryptionType, kmsKeyId, shardCount } = inputs as StreamInputs;
  if (name !== undefined && !/^[a-zA-Z0-9_.-]{1,128}$/.test(name))
    throw wrong(inputs, "name", "1 to 128 of a-z, A-Z, 0-9, _, . and -", name);
  const unknown = Object.keys(details ?? {}).find((key) => key !== "streamMode");
  if (unknown !== undefined) throw wrong(inputs, "streamModeDetails", "an object with just streamMode", `a member ${unknown}`);
  const mode = details?.streamMode;
  if (mode !== undefined && !MODES.includes(mode)) throw wrong(inputs, "streamModeDetails.streamMode", MODES.join(" or "), mode);
  if (mode === "ON_DEMAND" && shardCount !== undefined) throw wrong(inputs, "shardCount", "left out with ON_DEMAND", shardCount);
  checkInteger(inputs, "shardCount", 1, 100_000);
  checkInteger(inputs, "retentionPeriod", 24, 8760);
  checkInteger(inputs, "maxRecordSizeInKib", 1024, 10_240);
  if (encryptionType !== undefined && !["NONE", "KMS"].includes(encryptionType))
    throw wrong(inputs, "encryptionType", "NONE or KMS", encryptionType);
  if (kmsKeyId !== undefined && kmsKeyId !== OWNED_KEY) throw wrong(inputs, "kmsKeyId", `${OWNED_KEY} in the local cloud`, kmsKeyId);
  if (kmsKeyId !== undefined && encryptionType === "NONE") throw wrong(inputs, "kmsKeyId", "left out without encryption", kmsKeyId);
  const metric = (inputs as StreamInputs).shardLevelMetrics?.find((value) => !METRICS.includes(value));
  if (metric !== undefined) throw wrong(inputs, "shardLevelMetrics", `among ${METRICS.join(", ")}`, metric);
}

function checkInteger(inputs: Json, key: string, min: number, max: number): void {
  const value = inputs[key];
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw wrong(inputs, key, `a whole number from ${min} to ${max}`, value);
  }
}

/** Fills in the service's defaults and demands what a preview could not know yet. */
function settingsOf(inputs: StreamInputs, urn: string, now: number): StreamSettings {
  const mode = inputs.streamModeDetails?.streamMode === "ON_DEMAND" ? "ON_DEMAND" : "PROVISIONED";
  const shardCount = mode === "ON_DEMAND" ? ON_DEMAND_SHARDS : inputs.shardCount;
  if (shardCount === undefined) throw wrong(inputs, "shardCount", "given with PROVISIONED", shardCount);
  const encryption = inputs.encryptionType ?? "NONE";
  if (encryption === "KMS" && inputs.kmsKeyId === undefined) throw wrong(inputs, "kmsKeyId", "given with encryptionType KMS", undefined);
  return {
    name: inputs.name ?? autoName(urn),
    mode,
    shardCount,
    retentionHours: inputs.retentionPeriod ?? 24,
    encryption,
    ...(encryption === "KMS" ? { keyId: inputs.kmsKeyId } : {}),
    maxRecordKiB: inputs.maxRecordSizeInKib ?? 1024,
    shardLevelMetrics: inputs.shardLevelMetrics ?? [],
    createdAt: now,
  };
}

function stateOf(settings: StreamSettings, arn: string, inputs: StreamInputs, region: string): Json {
  return {
    arn,
    name: settings.name,
    region,
    streamModeDetails: { streamMode: settings.mode },
    shardCount: inputs.shardCount ?? 0,
    retentionPeriod: settings.retentionHours,
    encryptionType: settings.encryption,
    maxRecordSizeInKib: settings.maxRecordKiB,
    tagsAll: inputs.tags ?? {},
  };
}

const wrong = ({ name }: StreamInputs, key: string, rule: string, value: unknown): Error =>
  new Error(`Stream${name === undefined ? "" : ` "${name}"`}: ${key} must be ${rule}, got ${String(value)}`);
