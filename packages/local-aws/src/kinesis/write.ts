import { z } from "zod";
import { operations } from "../operation";
import { ServiceError, type Cloud, type Json } from "../service";
import { bytesOf, type Shard } from "./shard";
import { DIALECT, hashKeyOf, MAX_HASH_KEY, STREAM_MEMBERS, type Stream, type Streams } from "./stream";

/** Limits of PutRecords, keys included: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const KIB = 1024;

const RECORD = z.strictObject({
  Data: z.stringFormat("base64", (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)),
  PartitionKey: z.string().min(1).max(256),
  ExplicitHashKey: z
    .string()
    .regex(/^(0|[1-9]\d{0,38})$/)
    .optional(),
});

type PutEntry = z.output<typeof RECORD>;

/** PutRecord and PutRecords: records are routed by hash key and held to their shard's limits. */
export function writeOperations(cloud: Cloud, streams: Streams) {
  const exceeded = (stream: Stream, shard: Shard): string =>
    `Rate exceeded for shard ${shard.id} in stream ${stream.settings.name} under account ${cloud.account}.`;
  const resources = (request: Parameters<Streams["nameIn"]>[0]): string => streams.arnOf(streams.nameIn(request));
  return operations(DIALECT, {
    PutRecord: {
      members: { ...STREAM_MEMBERS, ...RECORD.shape },
      resources,
      run: (request) => {
        const stream = streams.get(streams.nameIn(request));
        const { shard, bytes } = route(stream, request, "the record");
        const now = cloud.clock.now();
        if (!shard.writes.admit(bytes, now)) throw new ServiceError("ProvisionedThroughputExceededException", exceeded(stream, shard));
        return { ...append(shard, request, now), ...encryptionOf(stream) };
      },
    },
    PutRecords: {
      members: { ...STREAM_MEMBERS, Records: z.array(RECORD).min(1).max(MAX_RECORDS) },
      resources,
      run: (request) => {
        const stream = streams.get(streams.nameIn(request));
        const routed = request.Records.map((entry, i) => ({ entry, ...route(stream, entry, `record ${i + 1}`) }));
        const total = routed.reduce((sum, { bytes }) => sum + bytes, 0);
        if (total > MAX_REQUEST_BYTES) {
          const message = `Records must have at most ${MAX_REQUEST_BYTES} bytes together, got ${total}.`;
          throw new ServiceError("InvalidArgumentException", message);
        }
        const now = cloud.clock.now();
        const Records = routed.map(({ entry, shard, bytes }) =>
          shard.writes.admit(bytes, now)
            ? append(shard, entry, now)
            : { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: exceeded(stream, shard) },
        );
        const FailedRecordCount = Records.filter((result) => "ErrorCode" in result).length;
        return { FailedRecordCount, Records, ...encryptionOf(stream) };
      },
    },
  });
}

const append = (shard: Shard, { PartitionKey, Data }: PutEntry, now: number) => ({
  SequenceNumber: shard.append(PartitionKey, Data, now),
  ShardId: shard.id,
});

/** EncryptionType of an answer; without encryption it is left out. */
export const encryptionOf = ({ settings }: Stream): Json => (settings.encryption === "KMS" ? { EncryptionType: "KMS" } : {});

/** The record's shard, and its bytes of data and partition key. */
function route(stream: Stream, { Data, PartitionKey, ExplicitHashKey }: PutEntry, what: string): { shard: Shard; bytes: number } {
  const bytes = bytesOf(Data) + Buffer.byteLength(PartitionKey);
  const most = stream.settings.maxRecordKiB * KIB;
  if (bytes > most) {
    throw new ServiceError(
      "InvalidArgumentException",
      `Data and PartitionKey of ${what} must have at most ${most} bytes together in stream ${stream.settings.name}, got ${bytes}.`,
    );
  }
  const hashKey = ExplicitHashKey === undefined ? hashKeyOf(PartitionKey) : BigInt(ExplicitHashKey);
  if (hashKey > MAX_HASH_KEY) {
    throw new ServiceError("InvalidArgumentException", `ExplicitHashKey of ${what} must be at most ${MAX_HASH_KEY}, got ${hashKey}.`);
  }
  return { shard: stream.shardOf(hashKey), bytes };
}
