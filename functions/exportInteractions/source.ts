import { failure } from "../shared/failure";
import type { Calls } from "./calls";
import { listObjects } from "./listObjects";
import { shapeOf, type Part } from "./part";
import { addressOf, type Connection, makeReader } from "./reader";

/** More than a line of two ids of 256 characters has, even with every quote doubled. */
const PROBE_BYTES = 8192;

/** Reads parts. */
export interface Source {
  /** The addresses in a query's list. @throws Error named NoParts when there is no list, or nothing in it; StrayPart */
  listed(manifest: string): Promise<string[]>;
  /** Every part below an `s3://` address, in the order of their keys; all of them are to be rewritten. @throws Error named NoParts; StrayPart */
  below(address: string): Promise<Part[]>;
  /** Reads a part's ends, or all of it when it is small. @throws Error named PartChanged when it is not there */
  probe(uri: string): Promise<Part>;
  /** Bytes `start` to `end` (exclusive). @throws Error named PartChanged when the part is not what it was */
  read(part: Part, start: number, end: number): Promise<Buffer>;
  /**
   * All bytes, as they come.
   *
   * @param memory where they are read to
   * @returns chunks; each is valid until the next is asked for
   * @throws Error named PartChanged when the part is not what it was
   */
  stream(part: Part, memory: Buffer): AsyncGenerator<Buffer>;
}

/**
 * @param location `s3://` address that every part's begins with
 * @param header line that a part may begin with
 */
export function makeSource(connection: Connection, calls: Calls, location: string, header: string): Source {
  const reader = makeReader(connection, calls);
  const checkPlace = (where: string, uri: string) => {
    if (!uri.startsWith(location)) throw failure("StrayPart", `${where}: every part must lie below ${location}, got "${uri}"`);
  };
  return {
    listed: async (manifest) => {
      const { bytes } = await reader.all(manifest).catch((error: unknown) => {
        throw (error as Error).name === "PartChanged" ? failure("NoParts", `The query wrote no parts: "${manifest}" is not there`) : error;
      });
      const uris = bytes.toString("utf8").split(/\r?\n/);
      const parts = uris.filter((uri) => uri !== "");
      if (parts.length === 0) throw failure("NoParts", `The query wrote no parts: "${manifest}" names none`);
      for (const uri of parts) checkPlace(`Manifest "${manifest}"`, uri);
      return parts;
    },
    below: async (address) => {
      checkPlace("exportInteractions: source", address);
      const { bucket, key: prefix } = addressOf(address);
      const parts: Part[] = [];
      for await (const { key, etag, size } of listObjects(connection, calls, bucket, prefix)) {
        if (isHidden(key.slice(prefix.length))) continue;
        const place = { uri: `s3://${bucket}/${key}`, bucket, key };
        parts.push({ ...place, etag, size, compressed: key.endsWith(".gz"), start: 0, rewritten: true, closed: true });
      }
      if (parts.length === 0) throw failure("NoParts", `There is no part below "${address}"`);
      return parts;
    },
    probe: async (uri) => {
      const whole = { uri, ...addressOf(uri), compressed: uri.endsWith(".gz") };
      const first = await reader.all(uri, `bytes=0-${PROBE_BYTES - 1}`).catch((error: unknown) => {
        if ((error as Error).name === "InvalidRange") return { bytes: Buffer.alloc(0), etag: "", size: 0 };
        throw error;
      });
      const { bytes, etag, size } = first;
      const body = bytes.length === size ? bytes : undefined;
      if (whole.compressed) return { ...whole, etag, body, size, start: 0, rewritten: true, closed: true };
      const end = body ?? (await reader.all(uri, "bytes=-1", etag)).bytes;
      return { ...whole, etag, body, ...shapeOf(size, bytes, end.at(-1), header) };
    },
    read: async ({ uri, etag, body }, start, end) => {
      if (body) return body.subarray(start, end);
      return (await reader.all(uri, `bytes=${start}-${end - 1}`, etag)).bytes;
    },
    stream: async function* (part, memory) {
      if (part.body) yield Buffer.from(part.body);
      else yield* reader.stream(part, memory);
    },
  };
}

/** What Hadoop's readers pass over below a folder: a folder's marker, and all that is named by `_` or `.`, or lies in a folder that is. */
function isHidden(path: string): boolean {
  return /(^|\/)([_.]|$)/.test(path);
}
