import { failure } from "../shared/lambda";

/** A run of the pipeline. */
export interface Run {
  /** A new attempt has a new one. */
  runId: string;
  /** `YYYY-MM-DD`. */
  runDate: string;
  /** Share of its rows, from 0 to 1, above which the CSV must not shrink. */
  maxShrink: number;
}

/** An export of parts that a query wrote and counted. Counts and bytes are those of the CSV without its header line. */
export interface CountedEvent extends Run {
  /** `s3://` address of the list of parts, one address a line. */
  manifest: string;
  rows: number;
  users: number;
  items: number;
  bytes: number;
}

/** An export of parts that a company's own pipeline wrote. The export checks and counts their rows. */
export interface SourceEvent extends Run {
  /** `s3://` address that every part's starts with; ends with a slash. */
  source: string;
  /** Least rows. */
  leastRows: number;
  /** Least users with 2 or more rows. */
  leastRepeatUsers: number;
  /** Least percentage that these are of all users. */
  leastRepeatPercent: number;
  /** Most distinct event types. */
  mostEventTypes: number;
}

/** What the pipeline asks for. */
export type ExportEvent = CountedEvent | SourceEvent;

/** The counts in a manifest. */
export const COUNTS = ["rows", "users", "items", "bytes"] as const;

/** What a source's rows must satisfy. */
const NEEDS = ["leastRows", "leastRepeatUsers", "leastRepeatPercent", "mostEventTypes"] as const;

/**
 * Checks the pipeline's input.
 *
 * @throws Error named BadInput, naming the key, or NoRows
 */
export function checkEvent(event: ExportEvent): void {
  const must = (key: string, rule: string, holds: boolean, value: unknown) => {
    if (!holds) throw failure("BadInput", `exportInteractions: ${key} must be ${rule}, got ${JSON.stringify(value)}`);
  };
  const isAddress = (value: unknown) => typeof value === "string" && value.startsWith("s3://");
  const { runId, runDate } = event;
  must("runId", "a text of printable ASCII", typeof runId === "string" && /^[!-~]+$/.test(runId), runId);
  must("runDate", "a date YYYY-MM-DD", typeof runDate === "string" && isDate(runDate), runDate);
  must("maxShrink", "a share from 0 to 1", event.maxShrink >= 0 && event.maxShrink <= 1, event.maxShrink);
  const count = (key: string, value: unknown) => must(key, "a whole number from 0", isCount(value), value);
  if ("source" in event) {
    must("source", "an s3:// address that ends with a slash", isAddress(event.source) && event.source.endsWith("/"), event.source);
    for (const key of NEEDS) count(key, event[key]);
    return;
  }
  must("manifest", "an s3:// address", isAddress(event.manifest), event.manifest);
  for (const key of COUNTS) count(key, event[key]);
  if (event.rows === 0) throw failure("NoRows", `The table has no row for ${runDate}: nothing was exported`);
}

export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
