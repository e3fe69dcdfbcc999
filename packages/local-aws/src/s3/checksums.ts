import { createHash, type Hash } from "node:crypto";
import { invalidRequest } from "./errors";
import { combineCrc, Crc } from "./crc";
import type { Algorithm, Checksum, ChecksumType, StoredPart } from "./types";

const BYTES: Record<Algorithm, number> = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 };

export const ALGORITHMS = Object.keys(BYTES) as Algorithm[];

/** `x-amz-checksum-crc32` and its like. */
export const checksumHeader = (algorithm: Algorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

export const CHECKSUM_HEADERS: readonly string[] = ALGORITHMS.map(checksumHeader);

/** `ChecksumCRC32` and its like, as XML names them. */
export const checksumElement = (algorithm: Algorithm): string => `Checksum${algorithm}`;

/** A digest over bytes that come in pieces. */
export interface Digest {
  update(bytes: Buffer): unknown;
  digest(): Buffer;
}

export function digestOf(algorithm: Algorithm): Digest {
  if (algorithm === "SHA1" || algorithm === "SHA256") return createHash(algorithm.toLowerCase());
  return new Crc(algorithm);
}

/** MD5, which makes the ETag, and the other digests that a body is checked by. */
export class BodyDigests {
  size = 0;
  private readonly md5: Hash = createHash("md5");
  private readonly sha256?: Hash;
  private readonly checksum?: Digest;

  /** @param signed whether the signature holds the body's SHA-256 */
  constructor(signed: boolean, algorithm?: Algorithm) {
    if (signed) this.sha256 = createHash("sha256");
    if (algorithm) this.checksum = digestOf(algorithm);
  }

  update(bytes: Buffer): void {
    this.size += bytes.length;
    this.md5.update(bytes);
    this.sha256?.update(bytes);
    this.checksum?.update(bytes);
  }

  finish(): { size: number; md5: Buffer; sha256?: string; checksum?: string } {
    return {
      size: this.size,
      md5: this.md5.digest(),
      sha256: this.sha256?.digest("hex"),
      checksum: this.checksum?.digest().toString("base64"),
    };
  }
}

/**
 * Reads an algorithm's name.
 *
 * @param header where it came from, for the error
 * @throws ServiceError InvalidRequest
 */
export function parseAlgorithm(value: string, header: string): Algorithm {
  const algorithm = ALGORITHMS.find((known) => known === value.toUpperCase());
  if (!algorithm) throw invalidRequest(`${header} must be one of ${ALGORITHMS.join(", ")} on the local S3, got ${value}`);
  return algorithm;
}

/** @throws ServiceError InvalidRequest when the value cannot be a checksum of this algorithm */
export function checkFormat(algorithm: Algorithm, value: string): void {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== BYTES[algorithm] || bytes.toString("base64") !== value) {
    throw invalidRequest(`Value for ${checksumHeader(algorithm)} header is invalid`);
  }
}

/**
 * Which kind of checksum a multipart upload gets.
 *
 * @throws ServiceError InvalidRequest for a kind that the algorithm does not have
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function checksumType(algorithm: Algorithm, asked: string | undefined): ChecksumType {
  const type = asked ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  const allowed = algorithm === "CRC64NVME" ? ["FULL_OBJECT"] : algorithm.startsWith("SHA") ? ["COMPOSITE"] : ["COMPOSITE", "FULL_OBJECT"];
  if (!allowed.includes(type)) throw invalidRequest(`The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm`);
  return type as ChecksumType;
}

/** The checksum of a multipart object from its parts', which all have one. */
export function combineChecksums(algorithm: Algorithm, type: ChecksumType, parts: readonly StoredPart[]): Checksum {
  const values: Buffer[] = parts.map(({ checksum = "" }) => Buffer.from(checksum, "base64"));
  if (type === "FULL_OBJECT" && algorithm !== "SHA1" && algorithm !== "SHA256") {
    const value = values.reduce((whole, next, i) => combineCrc(algorithm, whole, next, parts[i].size));
    return { algorithm, type, value: value.toString("base64") };
  }
  const digest = digestOf(algorithm);
  for (const value of values) digest.update(value);
  return { algorithm, type, value: `${digest.digest().toString("base64")}-${parts.length}` };
}
