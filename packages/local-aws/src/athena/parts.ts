import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";

interface Part {
  head: WriteStream | Gzip;
  done: Promise<void>;
  bytes: number;
}

/** Files of lines: a full file is followed by the next one. Without lines there is no file. */
export class Parts {
  readonly files: string[] = [];
  private part?: Part;

  /** @param pieceBytes size in bytes at which a file is full */
  constructor(
    private readonly folder: string,
    private readonly gzip: boolean,
    private readonly pieceBytes: number,
  ) {}

  /** @param lines with their line ends */
  async write(lines: Buffer): Promise<void> {
    const part = (this.part ??= this.begin());
    part.bytes += lines.length;
    if (!part.head.write(lines)) await Promise.race([once(part.head, "drain"), part.done]);
    if (part.bytes >= this.pieceBytes) await this.end();
  }

  /** Ends the last file. */
  async end(): Promise<void> {
    const part = this.part;
    this.part = undefined;
    part?.head.end();
    await part?.done;
  }

  private begin(): Part {
    const file = join(this.folder, `part-${this.files.length}`);
    this.files.push(file);
    const sink = createWriteStream(file);
    const done = finished(sink);
    done.catch(() => undefined);
    if (!this.gzip) return { head: sink, done, bytes: 0 };
    const head = createGzip();
    head.pipe(sink);
    return { head, done, bytes: 0 };
  }
}
