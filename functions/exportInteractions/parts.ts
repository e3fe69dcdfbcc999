import { makeTaskPool } from "../shared/taskPool";
import { failure } from "../shared/lambda";
import { release } from "./memory";
import { type Address, addressOf, type S3 } from "./s3";

/** What the planner knows of a part. */
export interface Shape {
  /** Bytes as stored. */
  size: number;
  /** First byte after the part's own header line. */
  start: number;
  /** Whether S3 cannot copy its bytes as they are: gzip, lines that end with CR LF, or rows that must be counted. */
  rewritten: boolean;
  /** Whether its last line has its line end. */
  closed: boolean;
}

/** A file of lines that a query, or a company's own pipeline, wrote. */
export interface Part extends Shape, Address {
  /** `s3://` address. */
  uri: string;
  /** In quotes. Every read and copy requires it, so a part that changes fails the export. */
  etag: string;
  /** Whether it is gzip, by its suffix. */
  compressed: boolean;
  /** The whole part, if it is so small that its probe read all of it. */
  body?: Buffer;
}

/** Bytes `start` to `end` (exclusive) of a part. */
export interface Range {
  part: Part;
  start: number;
  end: number;
}

const LF = 10;
const CR = 13;
/** Longer than a line with two ids of 256 characters, even if every quote in them is doubled. */
const PROBE_BYTES = 8192;
const PROBES = 16;
const READ_BYTES = 8 * 1024 ** 2;
const MOST_READS_AHEAD = 16;
const MOST_BYTES_AHEAD = 8 * 1024 ** 2;

/**
 * Finds the parts in a query's manifest and probes each.
 *
 * @param manifest `s3://` address of the list of parts
 * @param location `s3://` address that each part's must start with
 * @param header line that a part may start with
 * @throws Error named NoParts when there is no list, or it is empty; StrayPart; PartChanged when a part does not exist
 */
export async function queryParts(s3: S3, manifest: string, location: string, header: string): Promise<Part[]> {
  const { bytes } = await read(s3, manifest).catch((error: unknown) => {
    throw (error as Error).name === "PartChanged" ? failure("NoParts", `The query wrote no parts: "${manifest}" is not there`) : error;
  });
  const uris = bytes
    .toString("utf8")
    .split(/\r?\n/)
    .filter((uri) => uri !== "");
  if (uris.length === 0) throw failure("NoParts", `The query wrote no parts: "${manifest}" names none`);
  for (const uri of uris) checkLocation(`Manifest "${manifest}"`, uri, location);
  const parts: Part[] = [];
  const probes = makeTaskPool(PROBES, (error) => s3.stop(error));
  for (const [i, uri] of uris.entries()) await probes.start(async () => void (parts[i] = await probe(s3, uri, header)));
  await probes.finish();
  return parts;
}

/**
 * Lists the parts of a source in the order of their keys. All of them are rewritten, because their rows must be counted.
 *
 * @param address `s3://` address that each part's starts with
 * @param location `s3://` address that `address` must start with
 * @throws Error named NoParts when there are none; StrayPart
 */
export async function sourceParts(s3: S3, address: string, location: string): Promise<Part[]> {
  checkLocation("exportInteractions: source", address, location);
  const { bucket, key: prefix } = addressOf(address);
  const parts: Part[] = [];
  for await (const { key, etag, size } of s3.list(bucket, prefix)) {
    if (isHidden(key.slice(prefix.length))) continue;
    const found = { uri: `s3://${bucket}/${key}`, bucket, key, etag, size, compressed: key.endsWith(".gz") };
    parts.push({ ...found, start: 0, rewritten: true, closed: true });
  }
  if (parts.length === 0) throw failure("NoParts", `There is no part below "${address}"`);
  return parts;
}

/**
 * Reads the shape of a plain part from its ends.
 *
 * @param size bytes of the part
 * @param first its first bytes: the whole part, or more than a header line
 * @param last its last byte; undefined for an empty part
 * @param header line that it may start with, without line end
 */
export function shapeOf(size: number, first: Buffer, last: number | undefined, header: string): Shape {
  const end = first.indexOf(LF);
  const known = end >= 0 || first.length === size;
  const line = first.subarray(0, end >= 0 ? end : first.length);
  const crlf = known && line.at(-1) === CR;
  const hasHeader = known && line.subarray(0, crlf ? -1 : undefined).toString("utf8") === header;
  return {
    size,
    start: !hasHeader ? 0 : end >= 0 ? end + 1 : size,
    rewritten: crlf,
    closed: last === undefined || last === LF,
  };
}

/**
 * Reads ranges in their order. The next ones are requested ahead: at most 16 requests, and about 8 MiB.
 *
 * @param ranges of at most 8 MiB each, see `rangesOf`
 * @returns chunks, one per range; each is valid until the next is requested
 * @throws Error named PartChanged when a part is not what it was
 */
export async function* readRanges(s3: Pick<S3, "read">, ranges: readonly Range[]): AsyncGenerator<Buffer> {
  const requested: { reading: Promise<Buffer>; bytes: number }[] = [];
  let [next, ahead] = [0, 0];
  const request = () => {
    while (next < ranges.length && requested.length < MOST_READS_AHEAD && ahead < MOST_BYTES_AHEAD) {
      const { part, start, end } = ranges[next++];
      const reading = part.body
        ? Promise.resolve(Buffer.from(part.body.subarray(start, end)))
        : read(s3, part.uri, `bytes=${start}-${end - 1}`, part.etag).then(({ bytes }) => bytes);
      // Its failure is thrown when its turn comes, which may be never.
      reading.catch(() => {});
      requested.push({ reading, bytes: end - start });
      ahead += end - start;
    }
  };
  request();
  for (let first = requested.shift(); first; first = requested.shift()) {
    const chunk = await first.reading;
    ahead -= first.bytes;
    request();
    yield chunk;
    release(chunk);
  }
}

/** Bytes of a part in ranges of at most 8 MiB. */
export function rangesOf(part: Part, start = 0, end = part.size): Range[] {
  const at = (i: number) => Math.min(start + i * READ_BYTES, end);
  return Array.from({ length: Math.ceil((end - start) / READ_BYTES) }, (_, i) => ({ part, start: at(i), end: at(i + 1) }));
}

/** Reads a part's ends, or all of it if it is small. */
async function probe(s3: S3, uri: string, header: string): Promise<Part> {
  const { bytes, etag, size } = await read(s3, uri, `bytes=0-${PROBE_BYTES - 1}`).catch((error: unknown) => {
    if ((error as Error).name === "InvalidRange") return { bytes: Buffer.alloc(0), etag: "", size: 0 };
    throw error;
  });
  const body = bytes.length === size ? bytes : undefined;
  const part = { uri, ...addressOf(uri), compressed: uri.endsWith(".gz"), etag, body };
  if (part.compressed) return { ...part, size, start: 0, rewritten: true, closed: true };
  const end = body ?? (await read(s3, uri, "bytes=-1", etag)).bytes;
  return { ...part, ...shapeOf(size, bytes, end.at(-1), header) };
}

/**
 * What S3's refusal means for a part that was found before. S3 reports an absent key as NoSuchKey to a role that may list the bucket,
 * and as a missing s3:ListBucket to any other.
 */
export function partFailure(uri: string, error: unknown): unknown {
  const { name, message } = error as Error;
  const isGone = name === "NoSuchKey" || (name === "AccessDenied" && message.includes("s3:ListBucket"));
  if (!isGone && name !== "PreconditionFailed") return error;
  return failure("PartChanged", `Part "${uri}" must stay as it was found, but it ${isGone ? "is not there" : "changed"}`);
}

function read(s3: Pick<S3, "read">, uri: string, range?: string, etag?: string): ReturnType<S3["read"]> {
  return s3.read(uri, range, etag).catch((error: unknown) => {
    throw partFailure(uri, error);
  });
}

function checkLocation(where: string, uri: string, location: string): void {
  if (!uri.startsWith(location)) throw failure("StrayPart", `${where}: every part must lie below ${location}, got "${uri}"`);
}

/** Whether Hadoop's readers ignore it: a folder's marker, or a name that starts with `_` or `.`, or is in such a folder. */
function isHidden(path: string): boolean {
  return /(^|\/)([_.]|$)/.test(path);
}
