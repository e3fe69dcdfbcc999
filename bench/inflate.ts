import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Parts } from "./exportParts";
import type { BareRun } from "./exportGzReport";

/** Chunks on both sides of zlib, which larger ones do not make faster. */
const CHUNK_BYTES = 1024 ** 2;

/**
 * Inflates parts in memory and drops what comes of it: the least that an export of them takes.
 *
 * @param streams parts at a time
 * @throws Error when the bytes are not those of the parts
 */
export async function runInflate({ parts, bytes }: Parts, streams: number): Promise<BareRun> {
  const waiting = parts.map((blocks) => Buffer.concat(blocks.map(({ gz }) => gz)));
  const from = performance.now();
  const before = process.cpuUsage();
  let inflated = 0;
  const lane = async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await inflate(part, (chunk) => (inflated += chunk));
  };
  await Promise.all(Array.from({ length: streams }, lane));
  const { user, system } = process.cpuUsage(before);
  if (inflated !== bytes) throw new Error(`the parts inflate to ${inflated} of ${bytes} bytes`);
  return { seconds: (performance.now() - from) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function inflate(part: Buffer, onBytes: (count: number) => void): Promise<void> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const chunks = Array.from({ length: Math.ceil(part.length / CHUNK_BYTES) }, (_, i) =>
    part.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
  );
  pipeline(Readable.from(chunks), gunzip, () => {});
  for await (const chunk of gunzip as AsyncIterable<Buffer>) onBytes(chunk.length);
}
