import type { Policy } from "../service";
import type { KeyIndex } from "./listing";

/** Whether a multipart object's checksum is that of its bytes or of its parts' checksums. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** A CRC32, the only algorithm of the local S3. */
export interface Checksum {
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

/** Bytes that are stored, with their digests. */
export interface Stored {
  segments: Segment[];
  /** Bytes. */
  size: number;
  /** Without quotes: hex MD5, or for multipart objects hex MD5 of the parts' MD5s, a dash and their number. */
  etag: string;
  /** Epoch milliseconds, whole seconds. */
  lastModified: number;
}

export interface StoredObject extends Stored {
  /** Response headers that came with the upload: content-type and its like, x-amz-meta-*. */
  headers: Record<string, string>;
  checksum?: Checksum;
}

export interface StoredPart extends Stored {
  number: number;
  /** CRC32 in base64, where the upload has checksums. */
  checksum?: string;
}

export interface Upload {
  id: string;
  bucket: string;
  key: string;
  initiated: number;
  headers: Record<string, string>;
  /** Absent for an upload without checksums. */
  checksumType?: ChecksumType;
  parts: Map<number, StoredPart>;
}

export interface Bucket {
  name: string;
  policy?: Policy;
  objects: Map<string, StoredObject>;
  /** The keys of `objects` in listing order. */
  keys: KeyIndex;
}
