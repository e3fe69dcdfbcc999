import { failure } from "../shared/lambda";
import { COUNTS, isDate } from "./event";

/** What the metadata of a CSV says about it. */
export interface Manifest {
  runId: string;
  runDate: string;
  rows: number;
  users: number;
  items: number;
  /** Of the whole CSV. */
  bytes: number;
  columns: string[];
}

/** The CSV that the target's key holds. */
export interface Current {
  /** As S3 gives it, in quotes. */
  etag: string;
  /** When it was written, in whole seconds, as ISO 8601. */
  lastModified: string;
  /** Undefined if no export wrote the object. */
  manifest?: Manifest;
}

/** Whether to replace the target, and why. */
export type Decision =
  | { decision: "replaced"; reason: "noTarget" | "unknownTarget" | "olderRunDate" | "sameRunDate" }
  | { decision: "kept"; reason: "laterRunDate" | "sameRun"; current: Current; manifest: Manifest };

/** Keeps a CSV of a later run date, and one that this run wrote. Replaces any other object. */
export function decide(wanted: Identity, current: Current | undefined): Decision {
  if (!current) return { decision: "replaced", reason: "noTarget" };
  const { manifest } = current;
  if (!manifest) return { decision: "replaced", reason: "unknownTarget" };
  if (isSameRun(manifest, wanted)) return { decision: "kept", reason: "sameRun", current, manifest };
  if (manifest.runDate > wanted.runDate) return { decision: "kept", reason: "laterRunDate", current, manifest };
  return { decision: "replaced", reason: manifest.runDate === wanted.runDate ? "sameRunDate" : "olderRunDate" };
}

/**
 * Refuses a CSV that shrank: a folder that was deleted, a month that was lost.
 *
 * @param rows of the new CSV
 * @param maxShrink share of its rows, from 0 to 1, that the current CSV may lose
 * @throws Error named CsvShrank
 */
export function checkShrink(rows: number, maxShrink: number, current: Current | undefined): void {
  const { rows: before = 0, runDate = "" } = current?.manifest ?? {};
  if (before === 0 || (before - rows) / before <= maxShrink) return;
  const found = `it has ${before} rows of run date ${runDate}, the new one would have ${rows}`;
  const todo = "restore what is missing and start again with rebuild: true, or accept it with acceptShrink: true";
  throw failure("CsvShrank", `The CSV must not lose more than ${maxShrink} of its rows (pipeline.maxShrink), ${found}: ${todo}`);
}

/** What identifies the CSV of a run. Its columns are a setting, which may change between two executions of a run. */
export type Identity = Pick<Manifest, "runId" | "runDate" | "columns">;

export function isSameRun(one: Identity, other: Identity): boolean {
  return one.runId === other.runId && one.runDate === other.runDate && one.columns.join() === other.columns.join();
}

/** The metadata for a manifest. */
export function toMetadata({ columns, ...manifest }: Manifest): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...manifest, columns: columns.join(",") }).map(([name, value]) => [name, String(value)]));
}

/** Reads a manifest from metadata, whose names S3 returns in lower case; undefined if no export wrote them. */
export function fromMetadata(metadata: Record<string, string>): Manifest | undefined {
  const { runid: runId = "", rundate: runDate = "", columns = "" } = metadata;
  if (runId === "" || !isDate(runDate) || columns === "" || !COUNTS.every((name) => /^\d{1,15}$/.test(metadata[name] ?? "")))
    return undefined;
  const [rows, users, items, bytes] = COUNTS.map((name) => Number(metadata[name]));
  return { runId, runDate, rows, users, items, bytes, columns: columns.split(",") };
}
