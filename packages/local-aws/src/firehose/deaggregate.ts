import { createHash } from "node:crypto";

/** What an aggregated record begins with. */
const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const MD5_BYTES = 16;
/** Field numbers: the records of an aggregate, the data of a record. */
const RECORDS_FIELD = 3;
const DATA_FIELD = 3;

/**
 * Takes a record of the Kinesis Producer Library apart. One that is not aggregated, or whose aggregate is broken, stays as it is, as in
 * Amazon's own library.
 *
 * @returns the user records, in order
 * @see https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 */
export function deaggregate(record: Buffer): Buffer[] {
  if (record.length < MAGIC.length + MD5_BYTES || !record.subarray(0, MAGIC.length).equals(MAGIC)) return [record];
  const message = record.subarray(MAGIC.length, record.length - MD5_BYTES);
  const md5 = createHash("md5").update(message).digest();
  if (!md5.equals(record.subarray(record.length - MD5_BYTES))) return [record];
  try {
    return new Message(message).fields(RECORDS_FIELD).map((userRecord) => {
      const data = new Message(userRecord).fields(DATA_FIELD).at(-1);
      if (data === undefined) throw new RangeError("a user record has no data");
      return data;
    });
  } catch (error) {
    if (error instanceof RangeError) return [record];
    throw error;
  }
}

/**
 * A protobuf message, read from its beginning to its end.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
class Message {
  private position = 0;

  constructor(private readonly bytes: Buffer) {}

  /**
   * Values of a field of bytes.
   *
   * @throws RangeError when the message is cut off or has a field of an unknown type
   */
  fields(wanted: number): Buffer[] {
    const values: Buffer[] = [];
    while (this.position < this.bytes.length) {
      const tag = this.varint();
      const value = this.value(Number(tag & 7n));
      if (value !== undefined && tag >> 3n === BigInt(wanted)) values.push(value);
    }
    return values;
  }

  /** The value of a field of bytes; other values are skipped. */
  private value(type: number): Buffer | undefined {
    if (type === 0) return void this.varint();
    if (type === 1) return void this.take(8);
    if (type === 2) return this.take(Number(this.varint()));
    if (type === 5) return void this.take(4);
    throw new RangeError(`a field has the type ${type}`);
  }

  private varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte] = this.take(1);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number has more than 10 bytes");
  }

  private take(count: number): Buffer {
    const end = this.position + count;
    if (end > this.bytes.length) throw new RangeError(`the message ends before byte ${end}`);
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }
}
