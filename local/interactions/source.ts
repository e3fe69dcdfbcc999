import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable, Transform, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { UsageError } from "../../cli/shared/command";
import { generateInteractions } from "./generator";
import { isGzip } from "./form";
import { type FileRules, readInteractions, type LeftOut, type ReadInteractions } from "./reader";

/** Interactions, with what the report says about their source. */
export interface Input extends ReadInteractions {
  /** Path as given. Null for generated interactions. */
  file: string | null;
  /** Hex SHA-256 of the file as stored, or of the generated CSV. */
  sha256: string;
}

/** What to read. Equal options give equal rows. */
export interface SourceOptions extends FileRules {
  /** CSV, or CSV.gz if its name ends with `.gz`. @default generated interactions */
  file?: string;
  /** Seed of the generator. */
  seed: number;
}

/**
 * Reads or generates interactions.
 *
 * @throws UsageError when the file is missing, is no CSV or CSV.gz with a header that names the needed columns, or has no good row
 */
export async function readSource({ file, seed, ...rules }: SourceOptions): Promise<Input> {
  const name = file ?? "the generated interactions";
  const hash = createHash("sha256");
  const text = file === undefined ? hashed(Readable.from([generateInteractions(seed)]), hash) : await openFile(file, hash);
  const read = await readInteractions(name, text, rules);
  if (read.table.length === 0) throw new UsageError(`${name} has no good row: ${describeLeftOut(read.leftOut) || "it has only a header"}`);
  return { file: file ?? null, sha256: hash.digest("hex"), ...read };
}

/**
 * Describes what was left out: `timestampNotPositive 2 (lines 5, 9)`.
 *
 * @returns an empty string when nothing was
 */
export function describeLeftOut(leftOut: LeftOut): string {
  const parts = Object.entries(leftOut).map(([reason, { count, lines }]) => {
    const more = count > lines.length ? ", ..." : "";
    return `${reason} ${count} (line${lines.length > 1 ? "s" : ""} ${lines.join(", ")}${more})`;
  });
  return parts.join("; ");
}

async function openFile(file: string, hash: ReturnType<typeof createHash>): Promise<Readable> {
  const start = await readStart(file);
  const bytes = hashed(createReadStream(file), hash);
  if (start.length === 0 || !file.endsWith(".gz")) return bytes;
  if (!isGzip(start)) throw new UsageError(`${file} is not gzip, but its name ends with .gz: rename it`);
  const gunzip = createGunzip();
  pipeline(bytes, gunzip, () => undefined);
  return gunzip;
}

async function readStart(file: string): Promise<Buffer> {
  try {
    if (!(await stat(file)).isFile()) throw new UsageError(`--interactions must name a file, got ${file}`);
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new UsageError(`--interactions must name a file, there is no ${file}`);
    if (code === "EACCES") throw new UsageError(`--interactions must name a readable file, ${file} is not`);
    throw error;
  }
}

function hashed(bytes: Readable, hash: ReturnType<typeof createHash>): Readable {
  const tap = new Transform({
    transform(chunk: Buffer | string, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  pipeline(bytes, tap, () => undefined);
  return tap;
}
