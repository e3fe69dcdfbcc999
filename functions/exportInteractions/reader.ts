import type { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { failure } from "../shared/failure";
import type { Calls } from "./calls";
import { download, type SignedRequest } from "./download";

const READ_ATTEMPTS = 3;
/** A connection of its own, with its TLS handshake, takes as much CPU time as it saves with some megabytes. */
const DOWNLOAD_BYTES = 4 * 1024 ** 2;

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
  /**
   * All bytes of an object of a known ETag and size, as they come.
   *
   * @param memory where they are read to, of 64 KiB or more
   * @returns chunks in that memory, full ones but for the last; each is valid until the next is asked for
   */
  stream(object: { uri: string; etag: string; size: number }, memory: Buffer): AsyncGenerator<Buffer>;
}

/** Every method throws an Error named PartChanged when the object is not there or has another ETag, and else what S3 refuses. */
export function makeReader({ sdk, client }: Connection, calls: Calls): Reader {
  const command = (uri: string, Range?: string, IfMatch?: string) => {
    const { bucket: Bucket, key: Key } = addressOf(uri);
    return new sdk.GetObjectCommand({ Bucket, Key, Range, IfMatch });
  };
  const get = (get: GetObjectCommand) => calls.make((options) => client.send(get, options));
  return {
    all: async (uri, range, etag) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const { Body, ETag = "", ContentRange } = await get(command(uri, range, etag));
          const chunks: Buffer[] = [];
          for await (const chunk of calls.read(Body as Readable)) chunks.push(chunk);
          const bytes = Buffer.concat(chunks);
          return { bytes, etag: ETag, size: Number(ContentRange?.split("/")[1] ?? bytes.length) };
        } catch (error) {
          if (attempt === READ_ATTEMPTS || !isBrokenOff(error)) throw partFailure(uri, error);
        }
      }
    },
    stream: async function* ({ uri, etag, size }, memory) {
      /** What the fast way is not answered is asked for by the client, which waits, tries again and names what is wrong. */
      const from = async (at: number): Promise<AsyncGenerator<Buffer>> => {
        const range = `bytes=${at}-`;
        const left = size - at;
        const downloaded =
          left >= DOWNLOAD_BYTES &&
          (await calls.make(async ({ abortSignal }) =>
            download(await signed(client, command(uri, range, etag)), left, memory, abortSignal),
          ));
        return downloaded || gathered(calls.read((await get(command(uri, range, etag))).Body as Readable), memory);
      };
      let at = 0;
      for (let attempt = 1; at < size; attempt += 1) {
        try {
          for await (const chunk of await from(at)) {
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

/** What a client would send: the command's request with its signature. It is not sent. */
async function signed(client: S3Client, command: GetObjectCommand): Promise<SignedRequest> {
  let request: unknown;
  command.middlewareStack.add(
    () => (args) => {
      request = args.request;
      return Promise.resolve({ response: undefined, output: { $metadata: {} } });
    },
    { step: "finalizeRequest", priority: "low" },
  );
  await client.send(command);
  return request as SignedRequest;
}

/** Chunks as few as memory allows; those that came before a failure are given first. */
async function* gathered(chunks: AsyncIterable<Buffer>, memory: Buffer): AsyncGenerator<Buffer> {
  let filled = 0;
  let failed: { error: unknown } | undefined;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        const copied = chunk.copy(memory, filled, at);
        [at, filled] = [at + copied, filled + copied];
        if (filled < memory.length) continue;
        yield memory;
        filled = 0;
      }
    }
  } catch (error) {
    failed = { error };
  }
  if (filled > 0) yield memory.subarray(0, filled);
  if (failed) throw failed.error;
}

/** Whether an answer began and did not end. */
function isBrokenOff(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: unknown; code?: string };
  return $metadata === undefined && ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "EPIPE"].includes(code ?? "");
}
