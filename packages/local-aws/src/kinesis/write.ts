import { ServiceError, type Cloud, type Json, type Operation, type Reply } from "../service";
import { checkMembers } from "./members";
import { REQUESTS } from "./requests";
import { bytesOf, type Shard } from "./shard";
import { hashKeyOf, MAX_HASH_KEY, type Stream, type Streams } from "./stream";

/** Most bytes of one PutRecords, keys included: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const KIB = 1024;

interface PutEntry {
  Data: string;
  PartitionKey: string;
  ExplicitHashKey?: string;
}

interface Routed {
  shard: Shard;
  /** Bytes of data and partition key. */
  bytes: number;
}

/** PutRecord and PutRecords: records are routed by hash key and held to their shard's limits. */
export function writeOperations(cloud: Cloud, streams: Streams): Record<string, Operation> {
  const exceeded = (stream: Stream, shard: Shard): string =>
    `Rate exceeded for shard ${shard.id} in stream ${stream.settings.name} under account ${cloud.account}.`;

  const putRecord = async (input: Json): Promise<Reply> => {
    checkMembers("PutRecord", REQUESTS.PutRecord, input);
    const stream = streams.get(streams.nameIn(input));
    const entry = input as unknown as PutEntry;
    const { shard, bytes } = route(stream, entry, "the record");
    const now = cloud.clock.now();
    if (!shard.writes.admit(bytes, now)) {
      throw new ServiceError("ProvisionedThroughputExceededException", exceeded(stream, shard));
    }
    return { output: { ...append(shard, entry, now), ...encryptionOf(stream) } };
  };

  const putRecords = async (input: Json): Promise<Reply> => {
    checkMembers("PutRecords", REQUESTS.PutRecords, input);
    const stream = streams.get(streams.nameIn(input));
    const entries = input.Records as PutEntry[];
    const routed = entries.map((entry, i) => route(stream, entry, `record ${i + 1}`));
    const total = routed.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > MAX_REQUEST_BYTES) {
      throw new ServiceError("InvalidArgumentException", `Records must have at most ${MAX_REQUEST_BYTES} bytes together, got ${total}.`);
    }
    const now = cloud.clock.now();
    const results = routed.map(({ shard, bytes }, i) =>
      shard.writes.admit(bytes, now)
        ? append(shard, entries[i], now)
        : { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: exceeded(stream, shard) },
    );
    const FailedRecordCount = results.filter((result) => "ErrorCode" in result).length;
    return { output: { FailedRecordCount, Records: results, ...encryptionOf(stream) } };
  };

  const permissions = (action: string) => (input: Json) => [{ action, resource: streams.arnOf(streams.nameIn(input)) }];
  return {
    PutRecord: { permissions: permissions("kinesis:PutRecord"), run: putRecord },
    PutRecords: { permissions: permissions("kinesis:PutRecords"), run: putRecords },
  };
}

const append = (shard: Shard, { PartitionKey, Data }: PutEntry, now: number) => ({
  SequenceNumber: shard.append(PartitionKey, Data, now),
  ShardId: shard.id,
});

/** EncryptionType of an answer; without encryption it is left out. */
export const encryptionOf = ({ settings }: Stream): Json => (settings.encryption === "KMS" ? { EncryptionType: "KMS" } : {});

function route(stream: Stream, { Data, PartitionKey, ExplicitHashKey }: PutEntry, what: string): Routed {
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
