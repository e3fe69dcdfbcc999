import type { KinesisStreamEvent, KinesisStreamRecord } from "aws-lambda";

/** When the records of these factories arrived, in epoch seconds: 2026-11-20T12:00:00Z. */
export const ARRIVED = 1_795_176_000;

export interface RecordOptions {
  sequenceNumber?: string;
  shard?: string;
  partitionKey?: string;
  /** Epoch seconds. @default ARRIVED */
  arrivedSeconds?: number;
}

/** A stream record as the event source mapping delivers it. */
export function kinesisRecord(payload: Buffer | string | object, options: RecordOptions = {}): KinesisStreamRecord {
  const { sequenceNumber = "1", shard = "shardId-000000000000", partitionKey = "p", arrivedSeconds = ARRIVED } = options;
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  return {
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey,
      sequenceNumber,
      data: bytes.toString("base64"),
      approximateArrivalTimestamp: arrivedSeconds,
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shard}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/forwarder",
    awsRegion: "ap-southeast-1",
    eventSourceARN: "arn:aws:kinesis:ap-southeast-1:123456789012:stream/events",
  };
}

/**
 * A batch of records with consecutive sequence numbers.
 *
 * @param first sequence number of the first record
 */
export function kinesisBatch(payloads: readonly (Buffer | string | object)[], first = 1001): KinesisStreamEvent {
  return { Records: payloads.map((payload, i) => kinesisRecord(payload, { sequenceNumber: String(first + i) })) };
}

/** The payload of one session with a view of each item. */
export function viewRecord(sessionId: string, items: readonly string[], userId?: string): object {
  const event_list = items.map((itemId, i) => ({ eventType: "view", itemId, sentAt: ARRIVED - 100 + i }));
  return { ...(userId === undefined ? {} : { user_id: userId }), session_id: sessionId, event_list };
}
