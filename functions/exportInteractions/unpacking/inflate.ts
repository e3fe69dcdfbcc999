import { createGunzip } from "node:zlib";
import { failure } from "../../shared/failure";
import type { Part } from "../part";

/** A call of zlib costs as much as inflating some ten kilobytes: large chunks on both sides save a third of the time. */
const CHUNK_BYTES = 1024 ** 2;

/**
 * Inflates a part of one gzip member or more, which zeros may follow, as it comes.
 *
 * @param stored its bytes; a chunk is freed once it is read
 * @param release frees a chunk that has been used
 * @returns chunks; each is valid until the next is asked for
 * @throws Error named CorruptPart, naming the part; what reading it threw
 */
export async function* inflate({ uri }: Part, stored: AsyncIterable<Buffer>, release: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const input = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const corrupt = (reason: string) => failure("CorruptPart", `Part "${uri}" must be whole gzip, but it is not: ${reason}`);
  let given = 0;
  /** At a zero behind a member, zlib ends and takes no more: it would drop whatever follows. */
  const write = async (bytes: number) => {
    const isOver = gunzip.readableEnded;
    given += bytes;
    if (!isOver) {
      await new Promise<void>((resolve, reject) => {
        gunzip.once("end", resolve);
        gunzip.write(input.subarray(0, bytes), (error) => {
          gunzip.off("end", resolve);
          if (error) reject(error);
          else resolve();
        });
      });
    }
    const left = Math.min(given - gunzip.bytesWritten, bytes);
    if (input.subarray(bytes - left, bytes).some((byte) => byte !== 0)) throw corrupt("incorrect header check");
  };
  const feed = async () => {
    let filled = 0;
    for await (const chunk of stored) {
      for (let at = 0; at < chunk.length;) {
        const copied = chunk.copy(input, filled, at);
        [at, filled] = [at + copied, filled + copied];
        if (filled < CHUNK_BYTES) continue;
        await write(filled);
        filled = 0;
      }
      release(chunk);
    }
    if (filled > 0) await write(filled);
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
