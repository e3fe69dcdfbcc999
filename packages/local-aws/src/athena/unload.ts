import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Statement } from "./dialect";
import { type Engine, identifier, literal } from "./engine";
import { QueryFailure } from "./failure";
import type { Lake } from "./lake";
import { parseLocation, uriOf, type Location } from "./location";
import { Parts } from "./parts";
import type { Rows } from "./rows";

/** A parsed UNLOAD. */
export type Unload = Extract<Statement, { kind: "unload" }>;

const FIELD_END = "chr(1)";
const NULL_TEXT = "'\\N'";
const LINE_END = Buffer.from("\n");
/** Rows per row group; a parquet file has at least one group. */
const ROW_GROUP = { least: 2048, most: 122_880 };
const ROW_BYTES = 512;

/**
 * Checks the destination of an UNLOAD.
 *
 * @throws QueryFailure when it is not a folder, or not an empty one
 */
export async function checkDestination(lake: Lake, destination: string): Promise<Location> {
  const location = parseLocation(destination);
  if (location === undefined || !destination.endsWith("/")) {
    throw new QueryFailure("user", `INVALID_ARGUMENT: UNLOAD must write to s3://bucket/prefix/, got ${destination}`);
  }
  if ((await lake.list(location, 1)).length > 0) {
    throw new QueryFailure("user", `HIVE_PATH_ALREADY_EXISTS: Target directory for UNLOAD already exists: ${destination}`);
  }
  return location;
}

/**
 * Writes a query's rows as files of the engine's folder.
 *
 * @param pieceBytes approximate size of a file
 * @returns the files' paths and the number of rows
 */
export async function writeFiles(
  engine: Engine,
  rows: Rows,
  unload: Unload,
  pieceBytes: number,
): Promise<{ files: string[]; rows: number }> {
  const folder = join(engine.folder, "unload");
  await mkdir(folder);
  return unload.format === "PARQUET" ? writeParquet(engine, rows, folder, pieceBytes) : writeText(engine, rows, folder, unload, pieceBytes);
}

async function writeParquet(engine: Engine, { columns, values, from }: Rows, folder: string, pieceBytes: number) {
  const selected = values.map((value, i) => `${value} AS ${identifier(columns[i].name)}`);
  const group = Math.min(Math.max(Math.round(pieceBytes / ROW_BYTES), ROW_GROUP.least), ROW_GROUP.most);
  const options = `FORMAT parquet, COMPRESSION snappy, FILE_SIZE_BYTES ${pieceBytes}, ROW_GROUP_SIZE ${group}, OVERWRITE true`;
  const rows = await engine.run(`COPY (SELECT ${selected.join(", ")} ${from}) TO ${literal(folder)} (${options})`);
  const files = rows === 0 ? [] : (await readdir(folder)).sort();
  return { files: files.map((file) => join(folder, file)), rows };
}

/** Athena writes lines in any order. Sorting them here makes equal rows equal files. */
async function writeText(engine: Engine, { texts, from }: Rows, folder: string, { compression }: Unload, pieceBytes: number) {
  const parts = new Parts(folder, compression === "GZIP", pieceBytes);
  let rows = 0;
  try {
    const fields = texts.map((text) => `coalesce(${text}, ${NULL_TEXT})`).join(` || ${FIELD_END} || `);
    for await (const lines of engine.texts(fields, `${from} ORDER BY ${fields}`)) {
      rows += lines.length;
      await parts.write(Buffer.concat(lines.flatMap((line) => [line, LINE_END])));
    }
  } finally {
    await parts.end();
  }
  return { files: parts.files, rows };
}

/**
 * Puts files into a folder, with names in Athena's form.
 *
 * @param suffix of the names
 * @returns URIs, in the order of the files
 */
export async function upload(lake: Lake, folder: Location, files: string[], suffix: string, now: number): Promise<string[]> {
  const time = new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "_");
  const query = `${time}_${String(randomInt(100_000)).padStart(5, "0")}_${randomBytes(4).toString("hex").slice(0, 5)}`;
  const written: string[] = [];
  for (const file of files) {
    const target = { bucket: folder.bucket, key: `${folder.key}${query}_${randomUUID()}${suffix}` };
    await lake.put(target, file);
    written.push(uriOf(target));
  }
  return written;
}
