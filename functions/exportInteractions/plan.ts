import { failure } from "../shared/failure";
import type { Shape } from "./part";

/** Something that an upload is made of: text, bytes `start` to `end` (exclusive) of a part, or all lines of a rewritten part. */
export type Piece = { text: string } | { part: number; start: number; end: number } | { part: number };

/**
 * A step of the multipart upload: a server-side copy of a part's bytes, an upload of a known size, or a stream whose size shows only as
 * it is read. Parts are named by their index.
 */
export type Step =
  | { kind: "copy"; part: number; start: number; end: number }
  | { kind: "upload"; pieces: Piece[]; bytes: number }
  | { kind: "stream"; pieces: Piece[] };

/** Steps in order. */
export interface Plan {
  steps: Step[];
  /** Bytes of everything but rewritten parts. */
  bytes: number;
  /** Whether that is all. */
  exact: boolean;
}

/** What bounds a plan. */
export interface Limits {
  /** Least bytes of every step but the last. */
  leastBytes: number;
  /** Only a larger source can be copied in ranges. */
  rangesAboveBytes: number;
  /** Bytes of a copy, unless that makes too many steps: a request should not take long. */
  copyBytes: number;
  mostCopyBytes: number;
  /** How far `leastBytes` may be raised where parts are too many; an upload has less than twice as much, in memory. */
  mostLeastBytes: number;
  steps: number;
  /** Steps of a plan with streams: each of these becomes any number of uploads. */
  stepsBesideStreams: number;
}

const MIB = 1024 ** 2;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html and API_UploadPartCopy.html */
export const S3_LIMITS: Limits = {
  leastBytes: 5 * MIB,
  rangesAboveBytes: 5 * MIB,
  copyBytes: 128 * MIB,
  mostCopyBytes: 5 * 1024 * MIB,
  mostLeastBytes: 80 * MIB,
  steps: 10_000,
  stepsBesideStreams: 5000,
};

/**
 * Plans one object out of a header and parts, so that S3 copies what it can: only the first bytes of the first part, small parts, and
 * the first bytes after something small go through the function. With at most 10,000 steps of 5 MiB these are less than 10 MiB for
 * every part under 10 MiB and 5 MiB for every other part that follows the header, a part under 10 MiB or one without final newline.
 *
 * @param header with its line end
 * @throws Error named TooManySteps when parts of this number and size cannot be joined
 */
export function plan(parts: readonly Shape[], header: string, limits: Limits = S3_LIMITS): Plan {
  const exact = !parts.some(({ rewritten }) => rewritten);
  const most = exact ? limits.steps : limits.stepsBesideStreams;
  let { leastBytes, copyBytes } = limits;
  let steps = draft(parts, header, { ...limits, leastBytes, copyBytes });
  while (steps.length > most) {
    if (copyBytes < limits.mostCopyBytes) copyBytes = Math.min(copyBytes * 2, limits.mostCopyBytes);
    else if (leastBytes < limits.mostLeastBytes) leastBytes = Math.min(leastBytes * 2, limits.mostLeastBytes);
    else throw failure("TooManySteps", `${parts.length} parts must be joined in at most ${most} steps, but take ${steps.length}`);
    steps = draft(parts, header, { ...limits, leastBytes, copyBytes });
  }
  const bytes = steps.reduce((sum, step) => sum + (step.kind === "copy" ? step.end - step.start : knownBytes(step.pieces)), 0);
  return { steps, bytes, exact };
}

function draft(parts: readonly Shape[], header: string, limits: Limits): Step[] {
  const { leastBytes, rangesAboveBytes, copyBytes } = limits;
  const steps: Step[] = [];
  let pieces: Piece[] = [];
  let streams = false;
  /** Bytes of the pieces after the last one of unknown size: what the step's last upload has at least. */
  let bytes = 0;
  const add = (piece: Piece, more: number) => {
    pieces.push(piece);
    bytes += more;
  };
  const flush = () => {
    if (pieces.length > 0) steps.push(streams ? { kind: "stream", pieces } : { kind: "upload", pieces, bytes });
    [pieces, streams, bytes] = [[], false, 0];
  };

  add({ text: header }, Buffer.byteLength(header));
  for (const [part, { size, start, rewritten, closed }] of parts.entries()) {
    if (start === size) continue;
    if (rewritten) {
      pieces.push({ part });
      [streams, bytes] = [true, 0];
      continue;
    }
    const split = start + (pieces.length > 0 ? Math.max(leastBytes - bytes, 0) : 0);
    if (size > rangesAboveBytes && size - split >= leastBytes) {
      if (split > start) add({ part, start, end: split }, split - start);
      flush();
      for (const copy of copies(part, split, size, copyBytes)) steps.push(copy);
    } else {
      add({ part, start, end: size }, size - start);
    }
    if (!closed) add({ text: "\n" }, 1);
    if (bytes >= leastBytes) flush();
  }
  flush();
  return steps;
}

/** Copies of about the same size, none above `most` bytes. */
function copies(part: number, start: number, end: number, most: number): Step[] {
  const count = Math.ceil((end - start) / most);
  const at = (i: number) => start + Math.floor(((end - start) * i) / count);
  return Array.from({ length: count }, (_, i) => ({ kind: "copy", part, start: at(i), end: at(i + 1) }));
}

/** Bytes of pieces whose size is known. */
export function knownBytes(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => {
    if ("text" in piece) return sum + Buffer.byteLength(piece.text);
    return sum + ("start" in piece ? piece.end - piece.start : 0);
  }, 0);
}
