import { createHash } from "node:crypto";

/** A record of the Kinesis Producer Library: short user records with partition keys, an explicit hash key and a tag. */
export function aggregate(...texts: string[]): Buffer {
  const keys = texts.map((_, index) => bytes(1, Buffer.from(`key ${index}`)));
  const records = texts.map((text, index) => {
    const tag = bytes(4, bytes(1, Buffer.from("a tag")));
    return bytes(3, Buffer.concat([Buffer.from([0x08, index, 0x10, 0]), bytes(3, Buffer.from(text)), tag]));
  });
  return sealed(Buffer.concat([...keys, bytes(2, Buffer.from("170141183460469231731687303715884105728")), ...records]));
}

/** A message with what comes before and after it. */
export function sealed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from("f3899ac2", "hex"), message, createHash("md5").update(message).digest()]);
}

/** A field of up to 127 bytes. */
export function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, value.length]), value]);
}
