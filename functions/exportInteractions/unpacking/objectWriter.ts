import { makeTaskPool } from "../../shared/taskPool";
import { failure } from "../../shared/failure";
import type { BufferPool } from "./bufferPool";
import { S3_LIMITS } from "../joining/plan";
import type { Upload } from "../upload";

const UPLOADS_AT_A_TIME = 2;

/** How an object is written whose size shows only as it comes. */
export interface ObjectPorts {
  /** Writes a small one at once; gives its ETag. */
  put(bytes: Buffer): Promise<string>;
  /** Starts a larger one. */
  create(): Promise<Upload>;
}

/** An object as it is there. */
export interface Written {
  /** As S3 gives it, in quotes. */
  etag: string;
  size: number;
}

/**
 * Writes chunks as one object: at once when they fit into one buffer, else by a multipart upload, which is given up when something goes
 * wrong.
 *
 * @param uri names the object in errors
 * @param stop told of a failure at once
 * @throws Error named TooManySteps; what the chunks, or S3, threw
 */
export async function writeObject(
  uri: string,
  chunks: AsyncIterable<Buffer>,
  pool: BufferPool,
  object: ObjectPorts,
  stop: (error: unknown) => void,
): Promise<Written> {
  const uploads = makeTaskPool(UPLOADS_AT_A_TIME, stop);
  let upload: Upload | undefined;
  let buffer: Buffer | undefined;
  let [filled, size, number] = [0, 0, 0];
  const send = async (bytes: Buffer) => {
    if (number === S3_LIMITS.steps) throw failure("TooManySteps", `"${uri}" must have at most ${S3_LIMITS.steps} times ${pool.size} bytes`);
    upload ??= await object.create();
    const [started, mine, full] = [upload, (number += 1), bytes.subarray(0, filled)];
    [buffer, filled] = [undefined, 0];
    await uploads.start(() => started.upload(mine, full).finally(() => pool.give(bytes)));
  };
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        buffer ??= await pool.take();
        const copied = chunk.copy(buffer, filled, at);
        [at, filled] = [at + copied, filled + copied];
        if (filled === pool.size) await send(buffer);
      }
      size += chunk.length;
    }
    if (!upload) return { etag: await object.put(buffer ? buffer.subarray(0, filled) : Buffer.alloc(0)), size };
    if (buffer) await send(buffer);
    await uploads.finish();
    return { etag: await upload.complete(size), size };
  } catch (error) {
    stop(error);
    await Promise.allSettled([uploads.finish()]);
    await upload?.abort().catch(() => {});
    throw error;
  } finally {
    if (buffer) pool.give(buffer);
  }
}
