import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BareRun } from "./exportGzReport";
import type { Parts } from "./exportParts";

/**
 * Inflates parts in the memory of a process of their own and drops what comes of it: the least that an export of them takes.
 *
 * @param streams parts at a time
 * @throws Error when the bytes are not those of the parts
 */
export async function runInflate(parts: Parts, streams: number): Promise<BareRun> {
  return withFiles(parts, (files) => run("inflateFiles.cjs", parts, streams, files));
}

/**
 * Inflates parts that come over HTTP, and sends on what comes of it: the least of an export whose bytes come and go so, without S3's
 * signatures, answers and repetitions.
 *
 * @param streams parts at a time
 * @throws Error when the bytes are not those of the parts
 */
export async function runInflateOverHttp(parts: Parts, streams: number): Promise<BareRun> {
  return withFiles(parts, async (files) => {
    const server = fork(join(__dirname, "fileServer.cjs"), { execArgv: [] });
    try {
      const [port] = (await once(server, "message")) as [number];
      const urls = files.map((file) => `http://127.0.0.1:${port}${file}`);
      return await run("inflateOverHttp.cjs", parts, streams, urls);
    } finally {
      server.kill();
    }
  });
}

async function withFiles<T>({ parts }: Parts, use: (files: string[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "c360-bench-"));
  try {
    const files = parts.map((_, i) => join(folder, `part-${i}.gz`));
    for (const [i, blocks] of parts.entries()) await writeFile(files[i], Buffer.concat(blocks.map(({ gz }) => gz)));
    return await use(files);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(script: string, { bytes }: Parts, streams: number, from: string[]): Promise<BareRun> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, script), String(streams), ...from]);
  const inflated = JSON.parse(stdout) as BareRun & { bytes: number };
  if (inflated.bytes !== bytes) throw new Error(`the parts inflate to ${inflated.bytes} of ${bytes} bytes`);
  return inflated;
}
