import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Segment } from "./types";

const READ_BYTES = 512 * 1024;
const WRITE_BYTES = 1024 * 1024;

/** A blob that is being written. */
export interface NewBlob {
  id: string;
  stream: WriteStream;
}

/**
 * Immutable files of bytes. A blob lives as long as something refers to it: an object, a part, or a read in progress;
 * so copies share bytes, and a read continues while its object is replaced.
 */
export class Blobs {
  private readonly references = new Map<string, number>();
  private root?: string;
  private made?: Promise<unknown>;

  /** @param folder absolute path, asked for at the first write */
  constructor(private readonly folder: () => string) {}

  /** Opens a blob for writing; it must be retained or discarded afterwards. */
  async create(): Promise<NewBlob> {
    this.root ??= this.folder();
    await (this.made ??= mkdir(this.root, { recursive: true }));
    const id = randomUUID();
    return { id, stream: createWriteStream(this.path(id), { highWaterMark: WRITE_BYTES }) };
  }

  /** Removes a blob that nothing refers to. */
  async discard(id: string): Promise<void> {
    if (!this.references.has(id)) await rm(this.path(id), { force: true });
  }

  retain(segments: readonly Segment[]): void {
    for (const { blob } of segments) this.references.set(blob, (this.references.get(blob) ?? 0) + 1);
  }

  /** Gives references back; the file is removed with the last one. */
  release(segments: readonly Segment[]): void {
    for (const { blob } of segments) {
      const left = (this.references.get(blob) ?? 0) - 1;
      if (left > 0) {
        this.references.set(blob, left);
        continue;
      }
      this.references.delete(blob);
      void rm(this.path(blob), { force: true });
    }
  }

  /** Bytes from `start` up to, but not including, `end` of segments laid end to end. They are kept until the stream closes. */
  read(segments: readonly Segment[], start: number, end: number): Readable {
    const wanted = slice(segments, start, end);
    this.retain(wanted);
    const stream = wanted.length === 1 ? this.open(wanted[0]) : Readable.from(this.concatenate(wanted), { objectMode: false });
    stream.once("close", () => this.release(wanted));
    return stream;
  }

  private open({ blob, start, length }: Segment): Readable {
    return createReadStream(this.path(blob), { start, end: start + length - 1, highWaterMark: Math.min(READ_BYTES, length) });
  }

  private async *concatenate(segments: readonly Segment[]): AsyncGenerator<Buffer> {
    for (const segment of segments) yield* this.open(segment) as AsyncIterable<Buffer>;
  }

  private path(id: string): string {
    return join(this.root ?? this.folder(), id);
  }
}

/** The segments that cover bytes `start` to `end` (exclusive) of segments laid end to end. */
export function slice(segments: readonly Segment[], start: number, end: number): Segment[] {
  const wanted: Segment[] = [];
  let position = 0;
  for (const { blob, start: offset, length } of segments) {
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, length);
    if (from < to) wanted.push({ blob, start: offset + from, length: to - from });
    position += length;
  }
  return wanted;
}
