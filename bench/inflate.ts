import { execFile } from "node:child_process";
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
export async function runInflate({ parts, bytes }: Parts, streams: number): Promise<BareRun> {
  const folder = await mkdtemp(join(tmpdir(), "c360-bench-"));
  try {
    const files = parts.map((_, i) => join(folder, `part-${i}.gz`));
    for (const [i, blocks] of parts.entries()) await writeFile(files[i], Buffer.concat(blocks.map(({ gz }) => gz)));
    const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, "inflateFiles.cjs"), String(streams), ...files]);
    const inflated = JSON.parse(stdout) as BareRun & { bytes: number };
    if (inflated.bytes !== bytes) throw new Error(`the parts inflate to ${inflated.bytes} of ${bytes} bytes`);
    return inflated;
  } finally {
    await rm(folder, { recursive: true });
  }
}
