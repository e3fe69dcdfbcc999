import { failure } from "../shared/failure";

/** What the pipeline asks for. Counts and bytes are those of the CSV without its header line. */
export interface ExportEvent {
  /** Names the run; a new attempt has a new one. */
  runId: string;
  /** `YYYY-MM-DD`. */
  runDate: string;
  /** `s3://` address of the list of parts, one address a line. */
  manifest: string;
  rows: number;
  users: number;
  items: number;
  bytes: number;
}

/** What a CSV says about itself. */
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

/** What the target's key holds. */
export interface Current {
  /** As S3 gives it, in quotes. */
  etag: string;
  /** Undefined for an object that no export wrote. */
  manifest?: Manifest;
}

/** Whether to replace the target, and why. */
export type Decision =
  | { decision: "replaced"; reason: "noTarget" | "unknownTarget" | "olderRunDate" | "sameRunDate" }
  | { decision: "kept"; reason: "laterRunDate" | "sameRun"; current: Current; manifest: Manifest };

const COUNTS = ["rows", "users", "items", "bytes"] as const;

/** A target of a later run date stays, and one that this very run wrote; anything else is replaced. */
export function decide(wanted: Identity, current: Current | undefined): Decision {
  if (!current) return { decision: "replaced", reason: "noTarget" };
  const { manifest } = current;
  if (!manifest) return { decision: "replaced", reason: "unknownTarget" };
  if (isSameRun(manifest, wanted)) return { decision: "kept", reason: "sameRun", current, manifest };
  if (manifest.runDate > wanted.runDate) return { decision: "kept", reason: "laterRunDate", current, manifest };
  return { decision: "replaced", reason: manifest.runDate === wanted.runDate ? "sameRunDate" : "olderRunDate" };
}

/** What tells a run's CSV from any other; the columns are a setting, which may change between two executions of a run. */
export type Identity = Pick<Manifest, "runId" | "runDate" | "columns">;

export function isSameRun(one: Identity, other: Identity): boolean {
  return one.runId === other.runId && one.runDate === other.runDate && one.columns.join() === other.columns.join();
}

/** A manifest as the object's metadata. */
export function toMetadata({ columns, ...manifest }: Manifest): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...manifest, columns: columns.join(",") }).map(([name, value]) => [name, String(value)]));
}

/** Reads an object's metadata, whose names S3 gives in lower case; undefined when no export wrote them. */
export function fromMetadata(metadata: Record<string, string>): Manifest | undefined {
  const { runid: runId = "", rundate: runDate = "", columns = "" } = metadata;
  const [rows, users, items, bytes] = COUNTS.map((name) => Number(metadata[name]));
  if (runId === "" || !isDate(runDate) || columns === "" || ![rows, users, items, bytes].every(isCount)) return undefined;
  return { runId, runDate, rows, users, items, bytes, columns: columns.split(",") };
}

/**
 * Checks what the pipeline passes.
 *
 * @throws Error named BadInput, naming the key, or NoRows
 */
export function checkEvent(event: ExportEvent): void {
  const { runId, runDate, manifest, rows } = event;
  const must = (key: string, rule: string, holds: boolean, value: unknown) => {
    if (!holds) throw failure("BadInput", `exportInteractions: ${key} must be ${rule}, got ${JSON.stringify(value)}`);
  };
  must("runId", "a text of printable ASCII", typeof runId === "string" && /^[!-~]+$/.test(runId), runId);
  must("runDate", "a date YYYY-MM-DD", typeof runDate === "string" && isDate(runDate), runDate);
  must("manifest", "an s3:// address", typeof manifest === "string" && manifest.startsWith("s3://"), manifest);
  for (const key of COUNTS) must(key, "a whole number from 0", isCount(event[key]), event[key]);
  if (rows === 0) throw failure("NoRows", `The table has no row for ${runDate}: nothing was exported`);
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
