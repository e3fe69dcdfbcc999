import { makeTaskPool } from "../shared/taskPool";
import { failure } from "../shared/failure";
import { headerRule, strayHeader } from "./firstRow";

const READS_AT_A_TIME = 16;
/** Of an object's start: far more than a header line, gzip's own header and a file name in it. */
const START_BYTES = 4096;

/** What checking needs of the world. */
export interface HistoryPorts {
  /** Every object of the history. */
  list: () => AsyncIterable<{ key: string; bytes: number }>;
  /** First bytes of an object that is not empty. */
  start: (key: string, bytes: number) => Promise<Buffer>;
}

/** What was checked. */
export interface HistoryAnswer {
  objects: number;
  /** As stored. */
  bytes: number;
}

/**
 * Checks that every object of the history begins with a header that tells its columns. Objects that no query reads are passed over.
 *
 * @param location `s3://` address of the bucket, ends with "/"
 * @throws Error named HistoryHeader, naming the first object that does not, and how many more there are
 */
export async function checkHistory(location: string, { list, start }: HistoryPorts): Promise<HistoryAnswer> {
  const answer = { objects: 0, bytes: 0 };
  const strays: { key: string; found: string }[] = [];
  const reads = makeTaskPool(READS_AT_A_TIME);
  for await (const { key, bytes } of list()) {
    if (isHidden(key)) continue;
    answer.objects += 1;
    answer.bytes += bytes;
    await reads.start(async () => {
      const found = strayHeader(bytes === 0 ? Buffer.alloc(0) : await start(key, START_BYTES), key.endsWith(".gz"));
      if (found !== undefined) strays.push({ key, found });
    });
  }
  await reads.finish();
  if (strays.length === 0) return answer;
  const [first, ...others] = strays.sort((a, b) => (a.key < b.key ? -1 : 1));
  const more = others.length === 0 ? "" : `; so it is with ${others.length} more of ${answer.objects} objects`;
  throw failure("HistoryHeader", `Object "${location}${first.key}": ${headerRule()}, got ${first.found}${more}`);
}

/** A folder's marker, or a name that Athena passes over. */
function isHidden(key: string): boolean {
  return /(^|\/)([_.][^/]*)?$/.test(key);
}
