import { createGunzip } from "node:zlib";
import { failure } from "../shared/lambda";
import { release } from "./memory";

/** A call of zlib costs as much CPU time as inflating ten kilobytes or so: with large chunks an export takes a third less. */
const CHUNK_BYTES = 1024 ** 2;

/**
 * Inflates a part of one or more gzip members, which zeros may follow.
 *
 * @param uri names the part in errors
 * @param stored the part's bytes. A chunk is not used any more when the next is requested
 * @returns chunks; each is valid until the next is requested
 * @throws Error named CorruptPart; what reading the part threw
 */
export async function* inflate(uri: string, stored: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // The error is thrown by the loop below, but for one that comes after the last byte: without a listener it would end the process.
  gunzip.on("error", () => {});
  const corrupt = (reason: string) => failure("CorruptPart", `Part "${uri}" must be whole gzip, but it is not: ${reason}`);
  let given = 0;
  /** At a zero after a member zlib ends the stream and ignores all that follows. */
  const write = async (chunk: Buffer) => {
    given += chunk.length;
    if (!gunzip.readableEnded) {
      await new Promise<void>((resolve, reject) => {
        gunzip.once("end", resolve);
        gunzip.write(chunk, (error) => {
          gunzip.off("end", resolve);
          if (error) reject(error);
          else resolve();
        });
      });
    }
    const ignored = Math.min(given - gunzip.bytesWritten, chunk.length);
    if (chunk.subarray(chunk.length - ignored).some((byte) => byte !== 0)) throw corrupt("incorrect header check");
  };
  const feed = async () => {
    for await (const chunk of stored) await write(chunk);
    if (!gunzip.readableEnded) gunzip.end();
  };
  const feeding = feed();
  feeding.catch((error: unknown) => gunzip.destroy(error as Error));
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      yield chunk;
      release(chunk);
    }
    await feeding;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith("Z_") ? corrupt(message) : error;
  }
}
