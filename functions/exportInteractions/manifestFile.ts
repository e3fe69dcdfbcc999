import { failure } from "../shared/failure";
import type { Manifest } from "./decide";
import type { Target } from "./target";

const ATTEMPTS = 5;
/** How S3 says that a write's condition does not hold: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const CONFLICTS = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchUpload"];

/**
 * Makes the manifest file tell what the CSV beside it says about itself. It is read before the CSV and written only if it is still the
 * same, so that of several writers the one who saw the newest CSV is the last.
 *
 * @throws Error named TargetChanged when it changes again and again
 */
export async function settleManifestFile(target: Target): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      const file = await target.lookAtManifestFile();
      const csv = await target.look();
      if (!csv?.manifest) return;
      const text = manifestText(csv.manifest, csv.etag);
      if (file?.text !== text) await target.putManifestFile(text, file?.etag);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  throw failure("TargetChanged", `The manifest file changed each of the ${ATTEMPTS} times that it was to be written`);
}

/** Whether S3 refused a write because something else was there than expected. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.includes((error as Error).name);
}

/** An ETag as it is compared outside of HTTP. */
export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

function manifestText(manifest: Manifest, etag: string): string {
  return `${JSON.stringify({ ...manifest, etag: unquoted(etag) })}\n`;
}
