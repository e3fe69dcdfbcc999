import type { S3Client } from "@aws-sdk/client-s3";
import { failure } from "../shared/failure";
import type { Calls, CallOptions } from "./calls";
import { shapeOf, type Part } from "./part";

/** More than a line of two ids of 256 characters has, even with every quote doubled. */
const PROBE_BYTES = 8192;
const READ_ATTEMPTS = 3;

/** S3 as the functions' runtime brings it. */
export interface Connection {
  sdk: typeof import("@aws-sdk/client-s3");
  client: S3Client;
}

/** Reads what the query wrote. */
export interface Source {
  /** The addresses in the query's manifest. @throws Error named NoParts when there is no manifest, or nothing in it */
  parts(manifest: string): Promise<string[]>;
  /** Reads a part's ends, or all of it when it is small. @throws Error named PartChanged when it is not there */
  probe(uri: string): Promise<Part>;
  /** Bytes `start` to `end` (exclusive). @throws Error named PartChanged when the part is not what it was */
  read(part: Part, start: number, end: number): Promise<Buffer>;
}

/**
 * @param location `s3://` address that every part's begins with
 * @param columns header line that a part may have
 */
export function makeSource({ sdk, client }: Connection, calls: Calls, location: string, columns: string): Source {
  const get = async (uri: string, Range: string | undefined, IfMatch: string | undefined, options: CallOptions) => {
    const { bucket: Bucket, key: Key } = addressOf(uri);
    const { Body, ETag = "", ContentRange } = await client.send(new sdk.GetObjectCommand({ Bucket, Key, Range, IfMatch }), options);
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    return { bytes, etag: ETag, size: Number(ContentRange?.split("/")[1] ?? bytes.length) };
  };
  /** The SDK repeats a call, but not the reading of its body. */
  const getAll = async (uri: string, range?: string, etag?: string) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await calls.make((options) => get(uri, range, etag, options));
      } catch (error) {
        if (attempt === READ_ATTEMPTS || !isBrokenOff(error)) throw partFailure(uri, error);
      }
    }
  };
  return {
    parts: async (manifest) => {
      const { bytes } = await getAll(manifest).catch((error: unknown) => {
        throw (error as Error).name === "PartChanged" ? failure("NoParts", `The query wrote no parts: "${manifest}" is not there`) : error;
      });
      const uris = bytes.toString("utf8").split(/\r?\n/);
      const parts = uris.filter((uri) => uri !== "");
      if (parts.length === 0) throw failure("NoParts", `The query wrote no parts: "${manifest}" names none`);
      const stray = parts.find((uri) => !uri.startsWith(location));
      if (stray !== undefined) throw failure("StrayPart", `Manifest "${manifest}": every part must lie below ${location}, got "${stray}"`);
      return parts;
    },
    probe: async (uri) => {
      const whole = { uri, ...addressOf(uri), compressed: uri.endsWith(".gz") };
      const first = await getAll(uri, `bytes=0-${PROBE_BYTES - 1}`).catch((error: unknown) => {
        if ((error as Error).name === "InvalidRange") return { bytes: Buffer.alloc(0), etag: "", size: 0 };
        throw error;
      });
      const { bytes, etag, size } = first;
      const body = bytes.length === size ? bytes : undefined;
      if (whole.compressed) return { ...whole, etag, body, size, start: 0, rewritten: true, closed: true };
      const end = body ?? (await getAll(uri, "bytes=-1", etag)).bytes;
      return { ...whole, etag, body, ...shapeOf(size, bytes, end.at(-1), columns) };
    },
    read: async ({ uri, etag, body }, start, end) => {
      if (body) return body.subarray(start, end);
      return (await getAll(uri, `bytes=${start}-${end - 1}`, etag)).bytes;
    },
  };
}

/** @throws Error when it is no `s3://bucket/key` */
export function addressOf(uri: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (key === undefined) throw failure("BadInput", `exportInteractions: an address must be s3://bucket/key, got "${uri}"`);
  return { bucket, key };
}

/** What a refusal says of a part: that its key is not there is told to those who may list, as a missing s3:ListBucket to others. */
export function partFailure(uri: string, error: unknown): unknown {
  const { name, message } = error as Error;
  const gone = name === "NoSuchKey" || (name === "AccessDenied" && message.includes("s3:ListBucket"));
  if (!gone && name !== "PreconditionFailed") return error;
  return failure("PartChanged", `Part "${uri}" must stay as the query wrote it, but it ${gone ? "is not there" : "changed"}`);
}

/** Whether an answer began and did not end. */
function isBrokenOff(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: unknown; code?: string };
  return $metadata === undefined && ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "EPIPE"].includes(code ?? "");
}
