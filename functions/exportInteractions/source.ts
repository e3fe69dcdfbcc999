import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { failure } from "../shared/failure";
import type { Calls } from "./calls";
import { listObjects } from "./listObjects";
import { shapeOf, type Part } from "./part";

/** More than a line of two ids of 256 characters has, even with every quote doubled. */
const PROBE_BYTES = 8192;
const READ_ATTEMPTS = 3;

/** S3 as the functions' runtime brings it. */
export interface Connection {
  sdk: typeof import("@aws-sdk/client-s3");
  client: S3Client;
}

/** Reads parts. */
export interface Source {
  /** The addresses in a query's list. @throws Error named NoParts when there is no list, or nothing in it; StrayPart */
  listed(manifest: string): Promise<string[]>;
  /** Every part below an `s3://` address, in the order of their keys; all of them are to be rewritten. @throws Error named NoParts; StrayPart */
  below(address: string): Promise<Part[]>;
  /** Reads a part's ends, or all of it when it is small. @throws Error named PartChanged when it is not there */
  probe(uri: string): Promise<Part>;
  /** Bytes `start` to `end` (exclusive). @throws Error named PartChanged when the part is not what it was */
  read(part: Part, start: number, end: number): Promise<Buffer>;
  /** All bytes, as they come. @throws Error named PartChanged when the part is not what it was */
  stream(part: Part): AsyncGenerator<Buffer>;
}

/**
 * @param location `s3://` address that every part's begins with
 * @param header line that a part may begin with
 */
export function makeSource({ sdk, client }: Connection, calls: Calls, location: string, header: string): Source {
  const get = (uri: string, Range: string | undefined, IfMatch: string | undefined): Promise<GetObjectCommandOutput> => {
    const { bucket: Bucket, key: Key } = addressOf(uri);
    return calls.make((options) => client.send(new sdk.GetObjectCommand({ Bucket, Key, Range, IfMatch }), options));
  };
  /** The SDK repeats a call, but not the reading of its body. */
  const getAll = async (uri: string, range?: string, etag?: string) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { Body, ETag = "", ContentRange } = await get(uri, range, etag);
        const chunks: Buffer[] = [];
        for await (const chunk of calls.read(Body as Readable)) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        return { bytes, etag: ETag, size: Number(ContentRange?.split("/")[1] ?? bytes.length) };
      } catch (error) {
        if (attempt === READ_ATTEMPTS || !isBrokenOff(error)) throw partFailure(uri, error);
      }
    }
  };
  const checkPlace = (where: string, uri: string) => {
    if (!uri.startsWith(location)) throw failure("StrayPart", `${where}: every part must lie below ${location}, got "${uri}"`);
  };
  return {
    listed: async (manifest) => {
      const { bytes } = await getAll(manifest).catch((error: unknown) => {
        throw (error as Error).name === "PartChanged" ? failure("NoParts", `The query wrote no parts: "${manifest}" is not there`) : error;
      });
      const uris = bytes.toString("utf8").split(/\r?\n/);
      const parts = uris.filter((uri) => uri !== "");
      if (parts.length === 0) throw failure("NoParts", `The query wrote no parts: "${manifest}" names none`);
      for (const uri of parts) checkPlace(`Manifest "${manifest}"`, uri);
      return parts;
    },
    below: async (address) => {
      checkPlace("exportInteractions: source", address);
      const { bucket, key: prefix } = addressOf(address);
      const parts: Part[] = [];
      for await (const { key, etag, size } of listObjects({ sdk, client }, calls, bucket, prefix)) {
        if (isHidden(key.slice(prefix.length))) continue;
        const place = { uri: `s3://${bucket}/${key}`, bucket, key };
        parts.push({ ...place, etag, size, compressed: key.endsWith(".gz"), start: 0, rewritten: true, closed: true });
      }
      if (parts.length === 0) throw failure("NoParts", `There is no part below "${address}"`);
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
      return { ...whole, etag, body, ...shapeOf(size, bytes, end.at(-1), header) };
    },
    read: async ({ uri, etag, body }, start, end) => {
      if (body) return body.subarray(start, end);
      return (await getAll(uri, `bytes=${start}-${end - 1}`, etag)).bytes;
    },
    stream: async function* ({ uri, etag, size, body }) {
      let at = 0;
      if (body) {
        at = body.length;
        yield body;
      }
      for (let attempt = 1; at < size; attempt += 1) {
        try {
          const { Body } = await get(uri, `bytes=${at}-`, etag);
          for await (const chunk of calls.read(Body as Readable)) {
            [at, attempt] = [at + chunk.length, 1];
            yield chunk;
          }
          if (at < size) throw Object.assign(new Error(`"${uri}" broke off after ${at} bytes`), { code: "ECONNRESET" });
        } catch (error) {
          if (attempt === READ_ATTEMPTS || !isBrokenOff(error)) throw partFailure(uri, error);
        }
      }
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
  return failure("PartChanged", `Part "${uri}" must stay as it was found, but it ${gone ? "is not there" : "changed"}`);
}

/** Whether an answer began and did not end. */
function isBrokenOff(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: unknown; code?: string };
  return $metadata === undefined && ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "EPIPE"].includes(code ?? "");
}

/** What Hadoop's readers pass over below a folder: a folder's marker, and all that is named by `_` or `.`, or lies in a folder that is. */
function isHidden(path: string): boolean {
  return /(^|\/)([_.]|$)/.test(path);
}
