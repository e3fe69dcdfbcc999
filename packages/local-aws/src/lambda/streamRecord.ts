import { createHash } from "node:crypto";

/** A record as the mapping read it. */
export interface StreamRecord {
  /** Position among all records read from its shard: 0, 1, 2 ... */
  ordinal: number;
  sequenceNumber: string;
  partitionKey: string;
  /** Base64. */
  data: string;
  /** Epoch milliseconds. */
  arrivedAt: number;
}

/** What all records of a shard have in common in an event. */
export interface EventSource {
  shardId: string;
  streamArn: string;
  roleArn: string;
  region: string;
}

/** An event has at most 6 MiB: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024;
/** More than everything in a record of an event but data and partition key, ARNs included. */
const RECORD_OVERHEAD = 1024;

/** JSON text of the event for a batch: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export function encodeEvent(records: readonly StreamRecord[], { shardId, streamArn, roleArn, region }: EventSource): string {
  const Records = records.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => ({
    kinesis: { kinesisSchemaVersion: "1.0", partitionKey, sequenceNumber, data, approximateArrivalTimestamp: arrivedAt / 1000 },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: roleArn,
    awsRegion: region,
    eventSourceARN: streamArn,
  }));
  return JSON.stringify({ Records });
}

/** Upper bound of a record's bytes in an event. */
export const eventBytes = ({ data, partitionKey }: StreamRecord): number =>
  data.length + Buffer.byteLength(JSON.stringify(partitionKey)) + RECORD_OVERHEAD;

/** Which of a shard's lanes takes a partition key: always the same one, so that a key's records stay in order. */
export function laneOf(partitionKey: string, lanes: number): number {
  return lanes === 1 ? 0 : createHash("md5").update(partitionKey).digest().readUInt32BE(0) % lanes;
}
