import { createGunzip } from "node:zlib";
import { failure } from "../../shared/failure";
import type { Part } from "../part";

/** A call of zlib costs as much as inflating some ten kilobytes: large chunks on both sides save a third of the time. */
export const CHUNK_BYTES = 1024 ** 2;

/**
 * Inflates a part of one gzip member or more, which zeros may follow, as it comes.
 *
 * @param stored its bytes, best in chunks of {@link CHUNK_BYTES}; a chunk has been read when the next is asked for
 * @param release frees a chunk that has been used
 * @returns chunks; each is valid until the next is asked for
 * @throws Error named CorruptPart, naming the part; what reading it threw
 */
export async function* inflate({ uri }: Part, stored: AsyncIterable<Buffer>, release: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const corrupt = (reason: string) => failure("CorruptPart", `Part "${uri}" must be whole gzip, but it is not: ${reason}`);
  let given = 0;
  /** At a zero behind a member, zlib ends and takes no more: it would drop whatever follows. */
  const write = async (chunk: Buffer) => {
    const isOver = gunzip.readableEnded;
    given += chunk.length;
    if (!isOver) {
      await new Promise<void>((resolve, reject) => {
        gunzip.once("end", resolve);
        gunzip.write(chunk, (error) => {
          gunzip.off("end", resolve);
          if (error) reject(error);
          else resolve();
        });
      });
    }
    const left = Math.min(given - gunzip.bytesWritten, chunk.length);
    if (chunk.subarray(chunk.length - left).some((byte) => byte !== 0)) throw corrupt("incorrect header check");
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
