import { createHash, type Hash } from "node:crypto";
import * as zlib from "node:zlib";
import { invalidRequest, notImplemented } from "./errors";
import type { Checksum, ChecksumType, StoredPart } from "./types";

export const CHECKSUM_HEADER = "x-amz-checksum-crc32";

/** The polynomial of CRC32, reversed. */
const POLYNOMIAL = 0xedb88320;

type Update = (bytes: Buffer, crc: number) => number;

/** Continues a CRC32; zlib has it from Node.js 20.15 on. */
const update: Update = (zlib as { crc32?: Update }).crc32 ?? tableUpdate();

/** A CRC32 over bytes that come in pieces. */
export class Crc32 {
  private value = 0;

  update(bytes: Buffer): void {
    this.value = update(bytes, this.value);
  }

  /** Base64 of the big-endian bytes. */
  digest(): string {
    return encode(this.value);
  }
}

/** MD5, which makes the ETag, and the other digests by which a body is checked. */
export class BodyDigests {
  size = 0;
  private readonly md5: Hash = createHash("md5");
  private readonly sha256?: Hash;
  private readonly crc32?: Crc32;

  constructor({ sha256, crc32 }: { sha256: boolean; crc32: boolean }) {
    if (sha256) this.sha256 = createHash("sha256");
    if (crc32) this.crc32 = new Crc32();
  }

  update(bytes: Buffer): void {
    this.size += bytes.length;
    this.md5.update(bytes);
    this.sha256?.update(bytes);
    this.crc32?.update(bytes);
  }

  /** MD5 and SHA-256 are hex, the CRC32 is base64. */
  finish(): { size: number; md5: string; sha256?: string; crc32?: string } {
    return { size: this.size, md5: this.md5.digest("hex"), sha256: this.sha256?.digest("hex"), crc32: this.crc32?.digest() };
  }
}

/**
 * Refuses every algorithm but CRC32.
 *
 * @param header that has the algorithm's name
 * @throws ServiceError NotImplemented
 */
export function checkAlgorithm(headers: Record<string, string>, header: string): void {
  const algorithm = headers[header];
  if (algorithm !== undefined && algorithm.toUpperCase() !== "CRC32") throw notImplemented(`${header}: ${algorithm}, only CRC32`);
}

/** @throws ServiceError InvalidRequest when the value cannot be a CRC32 */
export function checkFormat(value: string): void {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== 4 || bytes.toString("base64") !== value) throw invalidRequest(`Value for ${CHECKSUM_HEADER} header is invalid`);
}

/** Checksum headers of an answer. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [CHECKSUM_HEADER]: checksum.value, "x-amz-checksum-type": checksum.type } : {};
}

/**
 * The checksum of a multipart object from its parts', which all have one.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function combineChecksums(type: ChecksumType, parts: readonly StoredPart[]): Checksum {
  const values = parts.map(({ checksum = "" }) => Buffer.from(checksum, "base64"));
  if (type === "FULL_OBJECT") {
    const crcs = values.map((value) => value.readUInt32BE());
    return { type, value: encode(crcs.reduce((whole, next, i) => combineCrc(whole, next, parts[i].size))) };
  }
  return { type, value: `${encode(update(Buffer.concat(values), 0))}-${parts.length}` };
}

/**
 * The CRC32 of two runs of bytes from the CRC of each: the first is moved over the second's length,
 * which multiplies it by x^(8 length) modulo the polynomial.
 *
 * @param length bytes of the second run
 */
export function combineCrc(first: number, second: number, length: number): number {
  let power = 1 << 23;
  let shift = 1 << 31;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(shift, power);
    power = multiply(power, power);
  }
  return (multiply(first, shift) ^ second) >>> 0;
}

/** Product of two polynomials whose highest bit stands for x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31, factor = b; bit >= 0; bit -= 1) {
    if ((a >>> bit) & 1) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product;
}

function encode(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString("base64");
}

function tableUpdate(): Update {
  const table = Uint32Array.from({ length: 256 }, (_, i) => {
    let crc = i;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  return (bytes, start) => {
    let crc = ~start;
    for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
    return ~crc >>> 0;
  };
}
