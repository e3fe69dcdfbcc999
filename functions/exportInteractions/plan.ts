import { failure } from "../shared/lambda";
import type { Shape } from "./parts";

/** What an upload is made of: text, or bytes `start` to `end` (exclusive) of a part, which is named by its index. */
export type Piece = { text: string } | { part: number; start: number; end: number };

/** A step of the multipart upload: bytes of a part that S3 copies, or bytes that the function uploads. */
export type Step = { kind: "copy"; part: number; start: number; end: number } | { kind: "upload"; pieces: Piece[]; bytes: number };

/** How parts become one object. */
export interface Plan {
  /** In the order of the object's bytes. */
  steps: Step[];
  /** Of the whole object. */
  bytes: number;
}

/** Limits of a plan. */
export interface Limits {
  /** Least bytes of every step but the last. */
  leastBytes: number;
  /** S3 copies ranges only of a larger object. */
  rangesAboveBytes: number;
  /** Most bytes of a copy, so that no request takes long. Raised up to `mostCopyBytes` if there are too many steps. */
  copyBytes: number;
  mostCopyBytes: number;
  /** Most that `leastBytes` is raised to if there are too many steps. An upload has less than twice as many bytes, in memory. */
  mostLeastBytes: number;
  /** Most steps. */
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
 * Plans one object from a header and parts. S3 copies as much as it can: only the first bytes of the first part, small parts, and the
 * first bytes after a small part pass through the function. With at most 10,000 steps of 5 MiB, these are less than 10 MiB for each part
 * below 10 MiB, and 5 MiB for each other part that follows the header, a part below 10 MiB, or a part without a final line end.
 *
 * @param header with its line end
 * @param parts none of which has to be rewritten
 * @throws Error named TooManySteps when there are too many parts, or too large ones
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

/** Copies of about the same size, of `most` bytes at most. */
function copies(part: number, start: number, end: number, most: number): Step[] {
  const count = Math.ceil((end - start) / most);
  const at = (i: number) => start + Math.floor(((end - start) * i) / count);
  return Array.from({ length: count }, (_, i) => ({ kind: "copy", part, start: at(i), end: at(i + 1) }));
}
