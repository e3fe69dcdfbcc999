import { randomUUID } from "node:crypto";
import type { StreamRecord } from "../kinesis/shardReader";
import type { Discard } from "./batch";

/** What all records of a shard have in common in an event. */
export interface EventSource {
  shardId: string;
  streamArn: string;
  roleArn: string;
  region: string;
}

/** Most bytes of an event: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html */
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

/**
 * What the failure destination receives for a discarded batch.
 *
 * @param time ISO 8601
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function invocationRecord(
  time: string,
  functionArn: string,
  source: EventSource,
  records: readonly StreamRecord[],
  { condition, invocations, last }: Discard,
) {
  const [first, newest] = [records[0], records[records.length - 1]];
  const responseContext = { statusCode: 200, executedVersion: "$LATEST", ...(last?.ok === false ? { functionError: "Unhandled" } : {}) };
  return {
    requestContext: { requestId: randomUUID(), functionArn, condition, approximateInvokeCount: invocations },
    ...(last === undefined ? {} : { responseContext }),
    version: "1.0",
    timestamp: time,
    KinesisBatchInfo: {
      shardId: source.shardId,
      startSequenceNumber: first.sequenceNumber,
      endSequenceNumber: newest.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first.arrivedAt).toISOString(),
      approximateArrivalOfLastRecord: new Date(newest.arrivedAt).toISOString(),
      batchSize: records.length,
      streamArn: source.streamArn,
    },
    payload: encodeEvent(records, source),
  };
}

/** Key of an invocation record, whose beginning AWS fixes. */
export const invocationRecordKey = (time: string, mappingUuid: string, shardId: string): string =>
  `aws/lambda/${mappingUuid}/${shardId}/${time.slice(0, 10).replaceAll("-", "/")}/${time.slice(0, 19).replaceAll(":", ".")}-${randomUUID()}`;
