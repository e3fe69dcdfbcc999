import { createHash } from "node:crypto";

/** First bytes of an aggregated record: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md */
const MAGIC = "f3899ac2";
const MAGIC_BYTES = 4;
const MD5_BYTES = 16;
/** Field of the records in the aggregate's message, and of the data in a record's. */
const RECORDS = 3;
const DATA = 3;
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
const MAX_VARINT_BYTES = 10;

/** Whether the Kinesis Producer Library made a record of several ones. */
export function isAggregate(bytes: Buffer): boolean {
  return bytes.toString("hex", 0, MAGIC_BYTES) === MAGIC;
}

/**
 * Takes an aggregated record apart: four bytes of magic, a message of
 * [Protocol Buffers](https://protobuf.dev/programming-guides/encoding/), and the MD5 of that message.
 *
 * @returns the data of the user records, in order; undefined when the record is cut off or changed
 */
export function userRecordsOf(bytes: Buffer): Buffer[] | undefined {
  if (bytes.length < MAGIC_BYTES + MD5_BYTES) return undefined;
  const message = bytes.subarray(MAGIC_BYTES, -MD5_BYTES);
  if (!createHash("md5").update(message).digest().equals(bytes.subarray(-MD5_BYTES))) return undefined;
  const userRecords: Buffer[] = [];
  for (const record of fieldsOf(message, RECORDS) ?? [undefined]) {
    const data = record && fieldsOf(record, DATA)?.at(-1);
    if (data === undefined) return undefined;
    userRecords.push(data);
  }
  return userRecords;
}

/** The values of a field of bytes, in order; undefined when the message is broken. */
function fieldsOf(message: Buffer, wanted: number): Buffer[] | undefined {
  const values: Buffer[] = [];
  let at = 0;
  /** NaN beyond the end. */
  const varint = (): number => {
    let value = 0;
    for (let n = 0; n < MAX_VARINT_BYTES; n += 1) {
      const byte = message[at++] ?? NaN;
      value += (byte % 0x80) * 2 ** (7 * n);
      if (!(byte >= 0x80)) return value;
    }
    return NaN;
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag % 8;
    let bytes = 0;
    if (type === VARINT) bytes = varint() * 0;
    else if (type === FIXED_64) bytes = 8;
    else if (type === LENGTH_DELIMITED) bytes = varint();
    else if (type === FIXED_32) bytes = 4;
    else return undefined;
    if (!(at + bytes <= message.length)) return undefined;
    if (type === LENGTH_DELIMITED && Math.floor(tag / 8) === wanted) values.push(message.subarray(at, at + bytes));
    at += bytes;
  }
  return values;
}
