import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { Command } from "@smithy/types";
import { failure } from "../shared/lambda";
import { release } from "./memory";

const READ_ATTEMPTS = 3;
const CLEAN_UP_MILLISECONDS = 3000;

type S3Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  I,
  ServiceOutputTypes,
  O,
  S3ClientResolvedConfig
>;

/** Bucket and key of an object, or of the objects whose keys start with the key. */
export interface Address {
  bucket: string;
  key: string;
}

/** An object as a listing shows it. */
export interface ListedObject {
  key: string;
  /** As S3 returns it, in quotes. */
  etag: string;
  size: number;
}

/** S3 for one invocation. */
export class S3 {
  /** Calls made so far. A retry by the SDK is part of its call. */
  calls = 0;
  private readonly stopping = new AbortController();

  constructor(private readonly client: S3Client) {}

  /** Makes every call that is running, and every later one, fail with an error. A second stop changes nothing. */
  stop(error: unknown): void {
    this.stopping.abort(error);
  }

  /** @throws the error of a stop; what S3 answers */
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: S3Command<I, O>): Promise<O> {
    return this.untilStopped((abortSignal) => this.client.send(command, { abortSignal }));
  }

  /** Sends a command that runs for at most 3 seconds, also after a stop. */
  cleanUp<I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: S3Command<I, O>): Promise<O> {
    this.calls += 1;
    return this.client.send(command, { abortSignal: AbortSignal.timeout(CLEAN_UP_MILLISECONDS) });
  }

  /**
   * Reads bytes of an object. The SDK does not retry a body that breaks off: the bytes are read again, 3 times at most.
   *
   * @param range value of the header `Range`. @default the whole object
   * @param etag that the object must have. @default any
   * @returns the bytes, the object's ETag, and the size of the whole object
   * @throws the error of a stop; what S3 answers
   */
  async read(uri: string, range?: string, etag?: string): Promise<{ bytes: Buffer; etag: string; size: number }> {
    const { bucket: Bucket, key: Key } = addressOf(uri);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.untilStopped(async (abortSignal) => {
          const command = new GetObjectCommand({ Bucket, Key, Range: range, IfMatch: etag });
          const { Body, ETag = "", ContentLength = 0, ContentRange } = await this.client.send(command, { abortSignal });
          const bytes = Buffer.allocUnsafeSlow(ContentLength);
          let filled = 0;
          const body = (Body as Readable).on("data", (chunk: Buffer) => {
            filled += chunk.copy(bytes, filled);
            release(chunk);
          });
          await finished(body);
          return { bytes, etag: ETag, size: Number(ContentRange?.split("/")[1] ?? ContentLength) };
        });
      } catch (error) {
        if (attempt === READ_ATTEMPTS || !brokeOff(error)) throw error;
      }
    }
  }

  /** Lists every object whose key starts with a prefix, in the order of the keys. */
  async *list(Bucket: string, Prefix: string): AsyncGenerator<ListedObject> {
    let ContinuationToken: string | undefined;
    do {
      const page = await this.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
      for (const { Key: key = "", ETag: etag = "", Size: size = 0 } of page.Contents ?? []) yield { key, etag, size };
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  /** Fails at a stop whatever the call is waiting for: the SDK's pause before a retry ignores its signal. */
  private untilStopped<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    return new Promise<T>((resolve, reject) => {
      const stop = () => reject(signal.reason as Error);
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      this.calls += 1;
      call(signal)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", stop));
    });
  }
}

/** @throws Error named BadInput unless the address is s3://bucket/key */
export function addressOf(uri: string): Address {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (key === undefined) throw failure("BadInput", `exportInteractions: an address must be s3://bucket/key, got "${uri}"`);
  return { bucket, key };
}

/** Whether the connection was lost after the answer had started. */
function brokeOff(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: unknown; code?: string };
  return $metadata === undefined && ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "EPIPE"].includes(code ?? "");
}
