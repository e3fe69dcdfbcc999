import { z } from "zod";
import { operations } from "../operation";
import { ServiceError, type Cloud } from "../service";
import type { Shard } from "./shard";
import { DIALECT, notFound, STREAM_MEMBERS, type Stream, type Streams } from "./stream";
import { encryptionOf } from "./write";

const MAX_RECORDS = 10_000;
const ITERATOR_LIFE_MS = 300_000;
const count = z.int().min(0);
const ITERATOR = z.tuple([z.literal("iterator"), z.string().min(1), count, count, count]);

const ITERATOR_MEMBERS = {
  ShardId: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[a-zA-Z0-9_.-]+$/),
  ShardIteratorType: z.enum(["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]),
  StartingSequenceNumber: z
    .string()
    .regex(/^(0|[1-9]\d{0,128})$/)
    .optional(),
  /** Epoch seconds. */
  Timestamp: z.number().optional(),
};

type IteratorRequest = z.output<z.ZodObject<typeof ITERATOR_MEMBERS>>;

/** GetShardIterator and GetRecords. */
export function readOperations(cloud: Cloud, streams: Streams) {
  return operations(DIALECT, {
    GetShardIterator: {
      members: { ...STREAM_MEMBERS, ...ITERATOR_MEMBERS },
      resources: (request) => streams.arnOf(streams.nameIn(request)),
      run: (request) => {
        const stream = streams.get(streams.nameIn(request));
        const { name } = stream.settings;
        const shard = stream.shards.find(({ id }) => id === request.ShardId);
        if (!shard) throw notFound(`Shard ${request.ShardId} in stream ${name} under account ${cloud.account} does not exist.`);
        const now = cloud.clock.now();
        const position = startOf(stream, shard, request, now);
        return { ShardIterator: writeIterator({ stream: name, shardIndex: shard.index, position }, now) };
      },
    },
    GetRecords: {
      members: {
        StreamARN: STREAM_MEMBERS.StreamARN,
        ShardIterator: z.string().min(1).max(512),
        Limit: z.int().min(1).max(MAX_RECORDS).optional(),
      },
      resources: ({ ShardIterator }) => streams.arnOf(readIterator(ShardIterator).stream),
      run: (request) => {
        const { stream: name, shardIndex, position, issuedAt } = readIterator(request.ShardIterator);
        const now = cloud.clock.now();
        checkIteratorAge(issuedAt, now);
        const named = request.StreamARN === undefined ? name : streams.nameIn(request);
        if (named !== name)
          throw new ServiceError("InvalidArgumentException", `ShardIterator is of stream ${name}, StreamARN of ${named}.`);
        const stream = streams.get(name);
        const shard = stream.shards.at(shardIndex);
        if (!shard || position > shard.tip) {
          throw new ServiceError("InvalidArgumentException", `Invalid ShardIterator: stream ${name} has no such position.`);
        }
        if (!shard.reads.admit(now)) {
          const message = `Rate exceeded for shard ${shard.id} in stream ${name} under account ${cloud.account}.`;
          throw new ServiceError("ProvisionedThroughputExceededException", message);
        }
        const { records, bytes, next, behindMs } = shard.read(position, request.Limit ?? MAX_RECORDS, now);
        shard.reads.spend(bytes, now);
        const encryption = encryptionOf(stream);
        return {
          Records: records.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => ({
            SequenceNumber: sequenceNumber,
            PartitionKey: partitionKey,
            Data: data,
            ApproximateArrivalTimestamp: arrivedAt / 1000,
            ...encryption,
          })),
          NextShardIterator: writeIterator({ stream: name, shardIndex, position: next }, now),
          MillisBehindLatest: behindMs,
        };
      },
    },
  });
}

function startOf(stream: Stream, shard: Shard, request: IteratorRequest, now: number): number {
  const { ShardIteratorType: type, StartingSequenceNumber: sequenceNumber, Timestamp: seconds } = request;
  const bySequence = type === "AT_SEQUENCE_NUMBER" || type === "AFTER_SEQUENCE_NUMBER";
  demand(type, "StartingSequenceNumber", sequenceNumber, bySequence);
  demand(type, "Timestamp", seconds, type === "AT_TIMESTAMP");
  if (type === "LATEST") return shard.tip;
  if (sequenceNumber !== undefined) return positionOf(stream, shard, sequenceNumber) + (type === "AFTER_SEQUENCE_NUMBER" ? 1 : 0);
  if (seconds === undefined) return shard.oldest(now);
  const time = Math.round(seconds * 1000);
  if (time > now) {
    throw new ServiceError("InvalidArgumentException", `Timestamp must not be later than now (${now / 1000}), got ${seconds}.`);
  }
  return shard.since(time, now);
}

function demand(type: string, name: string, value: unknown, wanted: boolean): void {
  if ((value !== undefined) === wanted) return;
  throw new ServiceError(
    "InvalidArgumentException",
    `${name} must ${wanted ? "" : "not "}be given with ShardIteratorType ${type}${wanted ? "" : `, got ${String(value)}`}.`,
  );
}

function positionOf(stream: Stream, shard: Shard, sequenceNumber: string): number {
  const position = shard.sequence.parse(sequenceNumber);
  if (position !== undefined && position < shard.tip) return position;
  const other = stream.shards.find(({ sequence }) => sequence.parse(sequenceNumber) !== undefined);
  const why =
    other && other !== shard
      ? `It encodes ${other.id}, while it was used in a call to ${shard.id}.`
      : `Stream ${stream.settings.name} never gave it to a record of ${shard.id}.`;
  throw new ServiceError("InvalidArgumentException", `Invalid StartingSequenceNumber ${sequenceNumber}. ${why}`);
}

/** The position of a shard iterator. */
interface Position {
  stream: string;
  shardIndex: number;
  position: number;
}

/** @param now epoch milliseconds; the iterator expires five minutes later */
function writeIterator({ stream, shardIndex, position }: Position, now: number): string {
  return Buffer.from(JSON.stringify(["iterator", stream, shardIndex, position, now])).toString("base64");
}

/** @throws ServiceError InvalidArgumentException for an iterator that this service did not issue */
function readIterator(iterator: string): Position & { issuedAt: number } {
  try {
    const [, stream, shardIndex, position, issuedAt] = ITERATOR.parse(JSON.parse(Buffer.from(iterator, "base64").toString("utf8")));
    return { stream, shardIndex, position, issuedAt };
  } catch {
    throw new ServiceError("InvalidArgumentException", `Invalid ShardIterator ${iterator.slice(0, 100)}.`);
  }
}

/** @throws ServiceError ExpiredIteratorException */
function checkIteratorAge(issuedAt: number, now: number): void {
  if (now - issuedAt <= ITERATOR_LIFE_MS) return;
  const [issued, current] = [issuedAt, now].map((time) => new Date(time).toUTCString());
  throw new ServiceError(
    "ExpiredIteratorException",
    `Iterator expired. The iterator was created at time ${issued} while right now it is ${current}` +
      ` which is further in the future than the tolerated delay of ${ITERATOR_LIFE_MS} milliseconds.`,
  );
}
