import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Writable } from "node:stream";
import { createGunzip } from "node:zlib";

const LINE_END = /\r\n?|\n/g;
const INFLATE_BYTES = 256 * 1024;

/**
 * Turns the lines of a text into rows of a CSV with two columns, the line in quotes and a number, which DuckDB reads exactly,
 * whatever characters the lines hold. Lines end as Hadoop has it: at LF, CR or CRLF; bytes that are not UTF-8 become U+FFFD.
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

  /** Most bytes that one row has, or more. */
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
 * @returns most bytes that one row has, or more
 * @throws Error of zlib when a compressed object is cut short or broken
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
