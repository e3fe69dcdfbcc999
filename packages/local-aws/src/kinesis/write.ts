import { ServiceError, type Cloud, type Json, type Operation, type Reply } from "../service";
import { MAX_HASH_KEY, hashKeyOf } from "./hashRanges";
import { checkMembers } from "./members";
import { REQUESTS } from "./requests";
import { bytesOf, type Shard } from "./shard";
import type { LoggedRecord, Stream, Streams } from "./streams";

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

/** PutRecord and PutRecords: routed by hash key, held to the shard's limits, logged before the answer. */
export function writeOperations(cloud: Cloud, streams: Streams): Record<string, Operation> {
  const store = cloud.store("kinesis");
  const write = async (stream: Stream, entries: PutEntry[], shards: Shard[], at: number): Promise<string[]> => {
    const records = entries.map(({ PartitionKey, Data }, i): LoggedRecord => [shards[i].index, PartitionKey, Data]);
    const positions = await stream.write(records, at, () => store.append("records", { stream: stream.settings.name, at, records }));
    return positions.map((position, i) => shards[i].sequence.format(position));
  };
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
    const [sequenceNumber] = await write(stream, [entry], [shard], now);
    return { output: { ShardId: shard.id, SequenceNumber: sequenceNumber, ...encryptionOf(stream) } };
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
    const accepted = routed.map(({ shard, bytes }) => shard.writes.admit(bytes, now));
    const kept = entries.flatMap((_, i) => (accepted[i] ? [i] : []));
    const sequenceNumbers = await write(
      stream,
      kept.map((i) => entries[i]),
      kept.map((i) => routed[i].shard),
      now,
    );
    let next = 0;
    const results = routed.map(({ shard }, i) =>
      accepted[i]
        ? { SequenceNumber: sequenceNumbers[next++], ShardId: shard.id }
        : { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: exceeded(stream, shard) },
    );
    return { output: { FailedRecordCount: entries.length - kept.length, Records: results, ...encryptionOf(stream) } };
  };

  const permissions = (action: string) => (input: Json) => [{ action, resource: streams.arnOf(streams.nameIn(input)) }];
  return {
    PutRecord: { permissions: permissions("kinesis:PutRecord"), run: putRecord },
    PutRecords: { permissions: permissions("kinesis:PutRecords"), run: putRecords },
  };
}

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
