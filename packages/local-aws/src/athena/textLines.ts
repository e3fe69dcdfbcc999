import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Writable } from "node:stream";
import { createGunzip } from "node:zlib";

const LINE_END = /\r\n?|\n/g;
const INFLATE_BYTES = 256 * 1024;

/**
 * Converts the lines of a text to CSV rows with two columns, the quoted line and a number. DuckDB reads them exactly,
 * for all characters. Lines end at LF, CR or CRLF, as in Hadoop; bytes that are not UTF-8 become U+FFFD.
 */
export class LineEncoder {
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private readonly lineEnd: string;
  private open = false;
  private afterReturn = false;
  private run = 0;
  private longest = 0;

  /** @param number in the second column of each row */
  constructor(number: number) {
    this.lineEnd = `",${number}\n"`;
  }

  /** Upper bound of a row's bytes. */
  get rowBytes(): number {
    return this.longest * 3 + this.lineEnd.length + 1;
  }

  push(bytes: Uint8Array): string {
    return this.encode(this.decoder.decode(bytes, { stream: true }));
  }

  end(): string {
    const last = this.encode(this.decoder.decode());
    const closing = this.open ? this.lineEnd.slice(0, -1) : "";
    this.open = false;
    return last + closing;
  }

  private encode(decoded: string): string {
    if (decoded === "") return "";
    const text = this.afterReturn && decoded.startsWith("\n") ? decoded.slice(1) : decoded;
    this.afterReturn = decoded.endsWith("\r");
    if (text === "") return "";
    const escaped = text.replaceAll('"', '""');
    this.run += escaped.length;
    this.longest = Math.max(this.longest, this.run);
    const lastEnd = Math.max(escaped.lastIndexOf("\n"), escaped.lastIndexOf("\r"));
    if (lastEnd >= 0) this.run = escaped.length - lastEnd - 1;
    const rows = (this.open ? "" : '"') + escaped.replace(LINE_END, this.lineEnd);
    this.open = this.run > 0;
    return this.open ? rows : rows.slice(0, -1);
  }
}

/** How an object's lines are written. */
export interface LineOptions {
  /** Whether the object is compressed. */
  gzip: boolean;
  /** In the second column of each row. */
  number: number;
  signal: AbortSignal;
}

/**
 * Writes an object's lines as rows of CSV, and ends the sink.
 *
 * @returns upper bound of a row's bytes
 * @throws Error of zlib when a compressed object is truncated or corrupt
 */
export async function writeLines(source: Readable, sink: Writable, { gzip, number, signal }: LineOptions): Promise<number> {
  const encoder = new LineEncoder(number);
  const encode = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
    for await (const chunk of chunks) yield encoder.push(chunk);
    yield encoder.end();
  };
  const options = { signal };
  if (gzip) await pipeline(source, createGunzip({ chunkSize: INFLATE_BYTES }), encode, sink, options);
  else await pipeline(source, encode, sink, options);
  return encoder.rowBytes;
}
