import { makeTaskPool } from "../shared/taskPool";
import { type Part, rangesOf, readRanges } from "./parts";
import type { Piece, Plan } from "./plan";
import type { S3 } from "./s3";
import type { Upload } from "./upload";

const COPIES = 16;
const UPLOADS = 4;
const UPLOADS_BYTES = 48 * 1024 ** 2;

/** Where the bytes of a CSV came from. */
export interface Joined {
  /** Bytes that S3 copied. */
  copied: number;
  /** Bytes that passed through the function. */
  uploaded: number;
}

/**
 * Carries out a plan: copies and uploads at the same time, in bounded memory. When it throws, it has stopped S3, and nothing runs any more.
 *
 * @throws Error named PartChanged
 */
export async function join(
  s3: Pick<S3, "read" | "stop">,
  { steps }: Plan,
  parts: readonly Part[],
  upload: Pick<Upload, "copy" | "upload">,
): Promise<Joined> {
  const largest = steps.reduce((most, step) => Math.max(most, step.kind === "upload" ? step.bytes : 0), 1);
  const stop = (error: unknown) => s3.stop(error);
  const copies = makeTaskPool(COPIES, stop);
  const uploads = makeTaskPool(Math.min(UPLOADS, Math.max(1, Math.floor(UPLOADS_BYTES / largest))), stop);
  const joined = { copied: 0, uploaded: 0 };
  try {
    for (const [i, step] of steps.entries()) {
      if (step.kind === "copy") {
        joined.copied += step.end - step.start;
        await copies.start(() => upload.copy(i + 1, parts[step.part], step.start, step.end));
      } else {
        joined.uploaded += step.bytes;
        await uploads.start(async () => upload.upload(i + 1, await readPieces(s3, step.pieces, step.bytes, parts)));
      }
    }
    await Promise.all([copies.finish(), uploads.finish()]);
    return joined;
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    await Promise.allSettled([copies.finish(), uploads.finish()]);
  }
}

async function readPieces(s3: Pick<S3, "read">, pieces: readonly Piece[], bytes: number, parts: readonly Part[]): Promise<Buffer> {
  const ranges = pieces.map((piece) => ("text" in piece ? [] : rangesOf(parts[piece.part], piece.start, piece.end)));
  const chunks = readRanges(s3, ranges.flat());
  const joined = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  for (const [i, piece] of pieces.entries()) {
    if ("text" in piece) filled += joined.write(piece.text, filled);
    for (let left = ranges[i].length; left > 0; left -= 1) {
      const chunk = (await chunks.next()).value as Buffer;
      filled += chunk.copy(joined, filled);
    }
  }
  return joined;
}
