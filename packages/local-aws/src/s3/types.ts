import type { Policy } from "../service";
import type { KeyIndex } from "./keyIndex";

/** Checksum algorithms that the local S3 computes and verifies. */
export type Algorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256";

/** Whether a multipart object's checksum is that of its bytes or of its parts' checksums. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export interface Checksum {
  algorithm: Algorithm;
  type: ChecksumType;
  /** Base64; a composite one ends with `-<parts>`. */
  value: string;
}

/** A run of bytes in a blob file; several objects and parts may share one blob. */
export interface Segment {
  blob: string;
  start: number;
  length: number;
}

export interface StoredObject {
  segments: Segment[];
  /** Bytes. */
  size: number;
  /** Without quotes: hex MD5, or for multipart objects hex MD5 of the parts' MD5s, a dash and their number. */
  etag: string;
  /** Epoch milliseconds, whole seconds. */
  lastModified: number;
  /** Response headers that came with the upload: content-type and its like, x-amz-meta-*. */
  headers: Record<string, string>;
  checksum?: Checksum;
  /** Sizes of the parts of a multipart object. */
  partSizes?: number[];
}

export interface StoredPart {
  number: number;
  segments: Segment[];
  size: number;
  /** Hex MD5 without quotes. */
  etag: string;
  lastModified: number;
  /** Base64, in the upload's algorithm. */
  checksum?: string;
}

export interface Upload {
  id: string;
  bucket: string;
  key: string;
  initiated: number;
  headers: Record<string, string>;
  algorithm?: Algorithm;
  type?: ChecksumType;
  parts: Map<number, StoredPart>;
}

export interface Bucket {
  name: string;
  created: number;
  policy?: Policy;
  objects: Map<string, StoredObject>;
  /** The keys of `objects` in listing order. */
  keys: KeyIndex;
}

/** What the journal holds, one entry a change. */
export type Entry =
  | { op: "bucket"; bucket: string; created: number }
  | { op: "policy"; bucket: string; policy: Policy }
  | { op: "object"; bucket: string; key: string; object: StoredObject; uploadId?: string }
  | { op: "delete"; bucket: string; key: string }
  | { op: "upload"; upload: Omit<Upload, "parts"> }
  | { op: "part"; uploadId: string; part: StoredPart }
  | { op: "abort"; uploadId: string };
