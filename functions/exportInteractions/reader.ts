import type { S3Client } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { failure } from "../shared/failure";
import type { Calls } from "./calls";

const READ_ATTEMPTS = 3;

/** S3 as the functions' runtime brings it. */
export interface Connection {
  sdk: typeof import("@aws-sdk/client-s3");
  client: S3Client;
}

/** Reads objects; the SDK makes a call again, but does not take up the reading of its body. */
export interface Reader {
  /**
   * Bytes of an object, its ETag, and the size of all of it.
   *
   * @param range as the header has it; undefined: all
   * @param etag that it must have
   */
  all(uri: string, range?: string, etag?: string): Promise<{ bytes: Buffer; etag: string; size: number }>;
  /** All bytes of an object of a known ETag and size, as they come. */
  stream(object: { uri: string; etag: string; size: number }): AsyncGenerator<Buffer>;
}

/** Every method throws an Error named PartChanged when the object is not there or has another ETag, and else what S3 refuses. */
export function makeReader({ sdk, client }: Connection, calls: Calls): Reader {
  const get = (uri: string, Range?: string, IfMatch?: string) => {
    const { bucket: Bucket, key: Key } = addressOf(uri);
    return calls.make((options) => client.send(new sdk.GetObjectCommand({ Bucket, Key, Range, IfMatch }), options));
  };
  return {
    all: async (uri, range, etag) => {
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
    },
    stream: async function* ({ uri, etag, size }) {
      let at = 0;
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
