import { createGunzip } from "node:zlib";
import { failure } from "../../shared/failure";
import type { Part } from "../part";

/** A call of zlib costs as much as inflating some ten kilobytes: large chunks on both sides save a third of the time. */
const CHUNK_BYTES = 1024 ** 2;

/**
 * Inflates a part as it comes.
 *
 * @param stored its bytes; nobody else may use a chunk
 * @param release frees a chunk that has been used
 * @returns chunks; each is valid until the next is asked for
 * @throws Error named CorruptPart, naming the part; what reading it threw
 */
export async function* inflate({ uri }: Part, stored: AsyncIterable<Buffer>, release: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const input = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const write = (bytes: number) =>
    new Promise<void>((resolve, reject) => {
      gunzip.write(input.subarray(0, bytes), (error) => (error ? reject(error) : resolve()));
    });
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
    gunzip.end();
  };
  feed().catch((error: unknown) => gunzip.destroy(error as Error));
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      yield chunk;
      release(chunk);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith("Z_") ? failure("CorruptPart", `Part "${uri}" must be whole gzip, but it is not: ${message}`) : error;
  }
}
