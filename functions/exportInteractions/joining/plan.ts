import { failure } from "../../shared/failure";
import type { Shape } from "../part";

/** Something that an upload is made of: text, or bytes `start` to `end` (exclusive) of a part. */
export type Piece = { text: string } | { part: number; start: number; end: number };

/** A step of the multipart upload: a server-side copy of a part's bytes, or an upload. Parts are named by their index. */
export type Step = { kind: "copy"; part: number; start: number; end: number } | { kind: "upload"; pieces: Piece[]; bytes: number };

/** Steps in order. */
export interface Plan {
  steps: Step[];
  /** Of the whole object. */
  bytes: number;
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
};

/**
 * Plans one object out of a header and parts, so that S3 copies what it can: only the first bytes of the first part, small parts, and
 * the first bytes after something small go through the function. With at most 10,000 steps of 5 MiB these are less than 10 MiB for
 * every part under 10 MiB and 5 MiB for every other part that follows the header, a part under 10 MiB or one without final newline.
 *
 * @param header with its line end
 * @param parts as they are: none that has to be rewritten
 * @throws Error named TooManySteps when parts of this number and size cannot be joined
 */
export function plan(parts: readonly Shape[], header: string, limits: Limits = S3_LIMITS): Plan {
  let { leastBytes, copyBytes } = limits;
  let steps = draft(parts, header, { ...limits, leastBytes, copyBytes });
  while (steps.length > limits.steps) {
    if (copyBytes < limits.mostCopyBytes) copyBytes = Math.min(copyBytes * 2, limits.mostCopyBytes);
    else if (leastBytes < limits.mostLeastBytes) leastBytes = Math.min(leastBytes * 2, limits.mostLeastBytes);
    else throw failure("TooManySteps", `${parts.length} parts must be joined in at most ${limits.steps} steps, but take ${steps.length}`);
    steps = draft(parts, header, { ...limits, leastBytes, copyBytes });
  }
  return { steps, bytes: steps.reduce((sum, step) => sum + (step.kind === "copy" ? step.end - step.start : step.bytes), 0) };
}

function draft(parts: readonly Shape[], header: string, limits: Limits): Step[] {
  const { leastBytes, rangesAboveBytes, copyBytes } = limits;
  const steps: Step[] = [];
  let pieces: Piece[] = [];
  let bytes = 0;
  const add = (piece: Piece, more: number) => {
    pieces.push(piece);
    bytes += more;
  };
  const flush = () => {
    if (pieces.length > 0) steps.push({ kind: "upload", pieces, bytes });
    [pieces, bytes] = [[], 0];
  };

  add({ text: header }, Buffer.byteLength(header));
  for (const [part, { size, start, closed }] of parts.entries()) {
    if (start === size) continue;
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
