import { createHash } from "node:crypto";

const MAGIC = Buffer.from("f3899ac2", "hex");
const KEYS = 1;
const RECORDS = 3;
const KEY_INDEX_TAG = 8;
const DATA = 3;

/**
 * Packs user records into one, as the [Kinesis Producer
 * Library](https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md) does.
 *
 * @param partitionKey of all of them
 */
export function aggregate(partitionKey: string, userRecords: readonly Buffer[]): Buffer {
  const records = userRecords.map((data) => field(RECORDS, Buffer.concat([Buffer.from([KEY_INDEX_TAG, 0]), field(DATA, data)])));
  const message = Buffer.concat([field(KEYS, Buffer.from(partitionKey)), ...records]);
  return Buffer.concat([MAGIC, message, createHash("md5").update(message).digest()]);
}

/** A field of bytes of a protobuf message. */
function field(number: number, bytes: Buffer): Buffer {
  const lengthDelimited = 2;
  return Buffer.concat([varint(number * 8 + lengthDelimited), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  return Buffer.from([...bytes, value]);
}
