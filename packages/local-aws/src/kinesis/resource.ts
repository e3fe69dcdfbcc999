import { z } from "zod";
import { autoName } from "../autoName";
import { inputsOf } from "../inputs";
import type { Cloud, Json, ResourceType } from "../service";
import type { StreamSettings, Streams } from "./stream";

/** Shards that an on-demand stream starts with: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;
/** All shards of a stream fit into one answer of ListShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html */
const MAX_SHARDS = 1000;
/** The key that Kinesis owns, for which callers need no KMS permissions. */
const OWNED_KEY = "alias/aws/kinesis";

const GET_STREAM = "aws:kinesis/getStream:getStream";

const title = ({ name }: Json): string => `Stream${name === undefined ? "" : ` "${name as string}"`}`;

const INPUTS = inputsOf(
  z.strictObject({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9_.-]{1,128}$/, "1 to 128 of a-z, A-Z, 0-9, _, . and -")
      .optional(),
    shardCount: z.int().min(1).max(100_000).optional(),
    retentionPeriod: z.int().min(24).max(8760).default(24),
    streamModeDetails: z.strictObject({ streamMode: z.enum(["PROVISIONED", "ON_DEMAND"]) }).optional(),
    encryptionType: z.enum(["NONE", "KMS"]).default("NONE"),
    kmsKeyId: z.literal(OWNED_KEY, `${OWNED_KEY} in the local cloud`).optional(),
    enforceConsumerDeletion: z.boolean().optional(),
    shardLevelMetrics: z
      .array(
        z.enum([
          "IncomingBytes",
          "IncomingRecords",
          "OutgoingBytes",
          "OutgoingRecords",
          "WriteProvisionedThroughputExceeded",
          "ReadProvisionedThroughputExceeded",
          "IteratorAgeMilliseconds",
        ]),
      )
      .default([]),
    maxRecordSizeInKib: z.int().min(1024).max(10_240).default(1024),
    tags: z.record(z.string(), z.string()).default({}),
  }),
  title,
  ({ streamModeDetails, shardCount, kmsKeyId, encryptionType }) => {
    if (streamModeDetails?.streamMode === "ON_DEMAND" && shardCount !== undefined)
      throw new Error(`shardCount must be left out with ON_DEMAND, got ${shardCount}`);
    if (encryptionType === "NONE" && kmsKeyId !== undefined)
      throw new Error(`kmsKeyId must be left out without encryption, got ${kmsKeyId}`);
  },
);

/** Resource type `aws:kinesis/stream:Stream`. */
export function streamResource(cloud: Cloud, streams: Streams): ResourceType {
  return {
    inputs: INPUTS.names,
    check: (inputs) => INPUTS.check(inputs),
    create: async (inputs, urn) => {
      const read = INPUTS.read(inputs);
      const mode = read.streamModeDetails?.streamMode ?? "PROVISIONED";
      const shardCount = mode === "ON_DEMAND" ? ON_DEMAND_SHARDS : read.shardCount;
      const fail = (problem: string): Error => new Error(`${title(inputs)}: ${problem}`);
      if (shardCount === undefined) throw fail("shardCount must be given with PROVISIONED");
      if (shardCount > MAX_SHARDS) throw fail(`shardCount must be at most ${MAX_SHARDS} in the local cloud, got ${shardCount}`);
      if (read.encryptionType === "KMS" && read.kmsKeyId === undefined) throw fail("kmsKeyId must be given with encryptionType KMS");
      const settings: StreamSettings = {
        name: read.name ?? autoName(urn),
        mode,
        shardCount,
        retentionHours: read.retentionPeriod,
        encryption: read.encryptionType,
        ...(read.encryptionType === "KMS" ? { keyId: read.kmsKeyId } : {}),
        maxRecordKiB: read.maxRecordSizeInKib,
        shardLevelMetrics: read.shardLevelMetrics,
        createdAt: cloud.clock.now(),
      };
      const { name } = settings;
      if (streams.has(name)) throw new Error(`Stream "${name}": name must be unique in account ${cloud.account}, it already exists`);
      const { arn } = streams.add(settings);
      const state = {
        arn,
        name,
        region: cloud.region,
        streamModeDetails: { streamMode: mode },
        shardCount: read.shardCount ?? 0,
        retentionPeriod: settings.retentionHours,
        encryptionType: settings.encryption,
        maxRecordSizeInKib: settings.maxRecordKiB,
        tagsAll: read.tags,
      };
      return { id: arn, state };
    },
  };
}

/** Function `aws:kinesis/getStream:getStream`: looks a stream up by its name. */
export function streamInvokes(streams: Streams): Record<string, (inputs: Json) => Json> {
  return {
    [GET_STREAM]: ({ name, ...others }) => {
      const [unknown] = Object.keys(others);
      if (unknown !== undefined) throw new Error(`${GET_STREAM}: the local cloud does not know the input ${unknown}`);
      if (typeof name !== "string") throw new Error(`${GET_STREAM}: name must be a stream's name, got ${JSON.stringify(name)}`);
      const { settings, arn, shards } = streams.get(name);
      return {
        arn,
        name,
        id: arn,
        status: "ACTIVE",
        streamModeDetails: [{ streamMode: settings.mode }],
        retentionPeriod: settings.retentionHours,
        openShards: shards.map(({ id }) => id),
        closedShards: [],
      };
    },
  };
}
