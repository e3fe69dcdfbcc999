import type { Part } from "../part";
import type { Piece } from "./plan";
import { readAhead } from "./readAhead";
import type { Source } from "../source";

const READ_BYTES = 4 * 1024 ** 2;

interface Range {
  part: Part;
  start: number;
  end: number;
}

/**
 * Reads the pieces of an upload.
 *
 * @throws Error named PartChanged, naming the part
 */
export async function readPieces(pieces: readonly Piece[], parts: readonly Part[], source: Pick<Source, "read">): Promise<Buffer> {
  const ranges = pieces.map((piece) => rangesOf(piece, parts));
  const next = readAhead(ranges.flat(), ({ part, start, end }) => source.read(part, start, end));
  const chunks: Buffer[] = [];
  for (const [i, piece] of pieces.entries()) {
    if ("text" in piece) chunks.push(Buffer.from(piece.text));
    for (let left = ranges[i].length; left > 0; left -= 1) chunks.push(await next());
  }
  return Buffer.concat(chunks);
}

function rangesOf(piece: Piece, parts: readonly Part[]): Range[] {
  if ("text" in piece) return [];
  const part = parts[piece.part];
  const { start, end } = piece;
  const at = (i: number) => Math.min(start + i * READ_BYTES, end);
  return Array.from({ length: Math.ceil((end - start) / READ_BYTES) }, (_, i) => ({ part, start: at(i), end: at(i + 1) }));
}
