import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { failure } from "../shared/failure";
import type { Part } from "./part";
import type { Piece } from "./plan";
import { readAhead } from "./readAhead";
import { makeRewriter } from "./rewrite";
import type { Source } from "./source";

const READ_BYTES = 4 * 1024 ** 2;
/** Inflating into larger chunks is a fifth faster than into 64 KiB. */
const INFLATE_BYTES = 256 * 1024;

interface Range {
  part: Part;
  start: number;
  end: number;
}

/**
 * Reads the pieces of a step in order.
 *
 * @param columns header line that a rewritten part may have
 * @throws Error named CorruptPart or PartChanged, naming the part
 */
export async function* readPieces(
  pieces: readonly Piece[],
  parts: readonly Part[],
  source: Pick<Source, "read">,
  columns: string,
): AsyncGenerator<Buffer> {
  const ranges = pieces.flatMap((piece) => rangesOf(piece, parts));
  const next = readAhead(ranges, ({ part, start, end }) => source.read(part, start, end));
  for (const piece of pieces) {
    if ("text" in piece) {
      yield Buffer.from(piece.text);
      continue;
    }
    const chunks = take(rangesOf(piece, parts).length, next);
    if ("start" in piece) yield* chunks;
    else yield* rewrite(parts[piece.part].compressed ? inflate(parts[piece.part], chunks) : chunks, columns);
  }
}

function rangesOf(piece: Piece, parts: readonly Part[]): Range[] {
  if ("text" in piece) return [];
  const part = parts[piece.part];
  const { start, end } = "start" in piece ? piece : { start: 0, end: part.size };
  const at = (i: number) => Math.min(start + i * READ_BYTES, end);
  return Array.from({ length: Math.ceil((end - start) / READ_BYTES) }, (_, i) => ({ part, start: at(i), end: at(i + 1) }));
}

async function* take(count: number, next: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  for (let left = count; left > 0; left -= 1) yield await next();
}

async function* rewrite(chunks: AsyncIterable<Buffer>, columns: string): AsyncGenerator<Buffer> {
  const rewriter = makeRewriter(columns);
  for await (const chunk of chunks) yield* rewriter.push(chunk);
  yield* rewriter.end();
}

async function* inflate({ uri }: Part, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: INFLATE_BYTES });
  pipeline(Readable.from(chunks), gunzip, () => {});
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith("Z_") ? failure("CorruptPart", `Part "${uri}" must be whole gzip, but it is not: ${message}`) : error;
  }
}
