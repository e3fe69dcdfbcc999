import type { Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import { type ColumnNames, describeFirstRow, type Layout, type Refusal } from "./firstRow";

/** Far more than a header line. */
export const START_BYTES = 16 * 1024;
const INFLATE_BYTES = 256 * 1024;

/**
 * Describes an object from its stored bytes.
 *
 * @param key tells whether it is compressed, as for Athena
 * @param stored the object's first bytes, one more than {@link START_BYTES} if it has them
 * @param whole whether these are all bytes, so that gzip must be complete
 * @param names header names of one's own
 * @throws what reading the object threw
 */
export async function describeObject(key: string, stored: Readable, whole: boolean, names: ColumnNames): Promise<Layout | Refusal> {
  if (!key.endsWith(".gz")) return describeText(stored, names);
  const gunzip = createGunzip({ chunkSize: INFLATE_BYTES, finishFlush: whole ? undefined : constants.Z_SYNC_FLUSH });
  let isGzip = false;
  stored.once("data", (chunk: Buffer) => (isGzip = chunk[0] === 0x1f && chunk[1] === 0x8b));
  stored.on("error", (error) => gunzip.destroy(error));
  stored.pipe(gunzip);
  try {
    return await describeText(gunzip, names);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith("Z_")) throw error;
    if (!isGzip) return { refused: "is not gzip, but its name ends with .gz: rename it" };
    if (code === "Z_BUF_ERROR") return { refused: "is a truncated gzip file: copy it again" };
    return { refused: `is a damaged gzip file (${message}): copy it again` };
  } finally {
    stored.destroy();
  }
}

async function describeText(text: Readable, names: ColumnNames): Promise<Layout | Refusal> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of text as AsyncIterable<Buffer>) {
    if (length <= START_BYTES) chunks.push(chunk);
    length += chunk.length;
  }
  const start = Buffer.concat(chunks);
  return describeFirstRow(start.subarray(0, START_BYTES), length <= START_BYTES, names);
}
