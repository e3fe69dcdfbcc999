import { makeTaskPool } from "../../shared/taskPool";
import type { Part } from "../part";
import { readPieces } from "./pieces";
import type { Plan } from "./plan";
import type { Source } from "../source";
import type { Upload } from "../upload";

const COPIES_AT_A_TIME = 16;
const UPLOADS_AT_A_TIME = 4;
const UPLOADS_BYTES = 48 * 1024 ** 2;

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
 * @throws Error named PartChanged
 */
export async function build({ steps }: Plan, parts: readonly Part[], { source, upload, stop }: BuildPorts): Promise<Built> {
  const largest = steps.reduce((most, step) => Math.max(most, step.kind === "upload" ? step.bytes : 0), 1);
  const copies = makeTaskPool(COPIES_AT_A_TIME, stop);
  const uploads = makeTaskPool(Math.min(UPLOADS_AT_A_TIME, Math.max(1, Math.floor(UPLOADS_BYTES / largest))), stop);
  const built = { copied: 0, uploaded: 0 };
  try {
    for (const [i, step] of steps.entries()) {
      if (step.kind === "copy") {
        built.copied += step.end - step.start;
        await copies.start(() => upload.copy(i + 1, parts[step.part], step.start, step.end));
      } else {
        built.uploaded += step.bytes;
        await uploads.start(async () => upload.upload(i + 1, await readPieces(step.pieces, parts, source)));
      }
    }
    await Promise.all([copies.finish(), uploads.finish()]);
    return built;
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    await Promise.allSettled([copies.finish(), uploads.finish()]);
  }
}
