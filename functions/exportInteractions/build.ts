import { makeCrew } from "../shared/crew";
import { failure } from "../shared/failure";
import { makeCutter } from "./cutter";
import type { Manifest } from "./decide";
import { readPieces } from "./lines";
import type { Part } from "./part";
import { S3_LIMITS, type Piece, type Plan, type Step } from "./plan";
import type { Source } from "./source";
import type { Upload } from "./target";

const COPIES_AT_A_TIME = 16;
const UPLOADS_AT_A_TIME = 4;
const UPLOADS_BYTES = 48 * 1024 ** 2;
const STREAM_UPLOAD_BYTES = 8 * 1024 ** 2;

/** What building needs of the world. */
export interface BuildPorts {
  source: Source;
  upload: Upload;
  /** Stops everything that is under way, because of an error. */
  stop: (error: unknown) => void;
}

/** How the bytes came. */
export interface Built {
  /** Bytes that S3 copied by itself. */
  copied: number;
  /** Bytes that went through the function. */
  uploaded: number;
}

/**
 * Carries out a plan: copies and uploads side by side, in bounded memory. Has stopped everything when it throws.
 *
 * @param manifest tells the columns and the bytes that must come of it
 * @throws Error named WrongSize when a stream gives more or less; CorruptPart, PartChanged
 */
export async function build(
  plan: Plan,
  parts: readonly Part[],
  { bytes, columns }: Manifest,
  { source, upload, stop }: BuildPorts,
): Promise<Built> {
  const streamBytes = streamUploadBytes(plan, bytes);
  const largest = plan.steps.reduce((most, step) => Math.max(most, step.kind === "upload" ? step.bytes : 0), streamBytes);
  const copies = makeCrew(COPIES_AT_A_TIME, stop);
  const uploads = makeCrew(Math.min(UPLOADS_AT_A_TIME, Math.max(1, Math.floor(UPLOADS_BYTES / largest))), stop);
  const built = { copied: 0, uploaded: 0 };
  let number = 0;
  const read = (pieces: readonly Piece[]) => readPieces(pieces, parts, source, columns.join(","));

  const checkSize = (holds: (total: number) => boolean) => {
    const total = built.copied + built.uploaded;
    if (!holds(total)) throw wrongSize(bytes, total);
  };
  const startUpload = async (body: () => Promise<Buffer>, size: number) => {
    const mine = (number += 1);
    built.uploaded += size;
    await uploads.start(async () => upload.upload(mine, await body()));
  };
  const streamUp = async ({ pieces }: Step & { kind: "stream" }) => {
    const cutter = makeCutter(streamBytes, S3_LIMITS.leastBytes);
    for await (const chunk of read(pieces)) {
      const full = cutter.push(chunk);
      if (full) await startUpload(async () => full, full.length);
      checkSize((total) => total <= bytes);
    }
    const rest = cutter.end();
    if (rest) await startUpload(async () => rest, rest.length);
  };

  try {
    for (const step of plan.steps) {
      if (step.kind === "copy") {
        const mine = (number += 1);
        built.copied += step.end - step.start;
        await copies.start(() => upload.copy(mine, parts[step.part], step.start, step.end));
      } else if (step.kind === "upload") {
        await startUpload(() => gather(read(step.pieces)), step.bytes);
      } else {
        await streamUp(step);
      }
    }
    checkSize((total) => total === bytes);
    await Promise.all([copies.finish(), uploads.finish()]);
    return built;
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    await Promise.allSettled([copies.finish(), uploads.finish()]);
  }
}

/** @param expected and found bytes of the whole CSV */
export function wrongSize(expected: number, found: number): Error {
  return failure("WrongSize", `The CSV must have ${expected} bytes, as its rows were counted, but its parts make ${found}`);
}

/** Bytes of a stream's uploads, so that all of them have numbers. */
function streamUploadBytes({ steps, bytes: known }: Plan, bytes: number): number {
  return Math.max(STREAM_UPLOAD_BYTES, Math.ceil((bytes - known) / (S3_LIMITS.steps - steps.length)));
}

async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
