import { failure } from "../shared/failure";
import { build, type Built } from "./joining/build";
import { decide, isSameRun, type Current, type Decision, type Identity, type Manifest } from "./decide";
import { checkEvent, type ExportEvent } from "./event";
import { isConflict, settleManifestFile, unquoted } from "./manifestFile";
import { prepare, type Prepared, type Unfinished } from "./prepare";
import type { Source } from "./source";
import type { Target } from "./target";
import { holding } from "./upload";
import type { Workplace } from "./unpacking/workplace";

const ATTEMPTS = 5;

/** What an export did. */
export interface ExportAnswer extends Pick<Decision, "decision" | "reason"> {
  key: string;
  /** Of the CSV that is there now, without quotes. */
  etag: string;
  /** Of the whole CSV that is there now. */
  bytes: number;
  manifest: Manifest;
  /** Parts that were read. */
  parts: number;
  /** Bytes that S3 copied by itself. */
  copied: number;
  /** Bytes that went through the function. */
  uploaded: number;
  /** Calls of S3. */
  requests: number;
}

/** What the export needs of the world. */
export interface ExportPorts {
  source: Source;
  target: Target;
  /** Where a run keeps its work. */
  workplaceOf: (runId: string) => Workplace;
  /** Calls made so far. */
  requests: () => number;
  /** Milliseconds until the invocation has to end. */
  left: () => number;
  /** Milliseconds that the invocation had at its start. */
  limit: number;
  /** Stops every call that is under way, because of an error. */
  stop: (error: unknown) => void;
}

/** What differs between deployments. */
export interface ExportSettings {
  /** Key of the CSV. */
  key: string;
  /** The CSV's columns, in order. */
  columns: string[];
  /** Line that a part may begin with, and that the CSV has once. */
  header: string;
}

/**
 * Makes one CSV with a header out of parts and puts it in its place at once, unless a later run date, or this run, is there. Whatever
 * goes wrong leaves the CSV that was there. When there is more to inflate than the invocation has time for, the same event goes on with
 * it in another one.
 *
 * @throws Error named BadInput, NoRows, NoParts, StrayPart, PartChanged, CorruptPart, BadRow, TooManyIds, TooFewInteractions, BadTally,
 *   WrongSize, TooManySteps, OutOfTime or TargetChanged, or as S3 names it
 */
export async function exportInteractions(
  event: ExportEvent,
  settings: ExportSettings,
  ports: ExportPorts,
): Promise<ExportAnswer | Unfinished> {
  checkEvent(event);
  const { key, columns } = settings;
  const wanted: Identity = { runId: event.runId, runDate: event.runDate, columns };
  const answer = async ({ decision, reason }: Decision, etag: string, manifest: Manifest, prepared?: Prepared, built?: Built) => {
    await settleManifestFile(ports.target);
    const there = { key, etag: unquoted(etag), bytes: manifest.bytes, manifest };
    const uploaded = (prepared?.uploaded ?? 0) + (built?.uploaded ?? 0);
    const work = { parts: prepared?.given ?? 0, copied: built?.copied ?? 0, uploaded, requests: ports.requests() };
    return { decision, reason, ...there, ...work };
  };
  let prepared: Prepared | Unfinished | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const current = await ports.target.look();
    const decision = decide(wanted, current);
    if (decision.decision === "kept") return answer(decision, decision.current.etag, decision.manifest);
    prepared ??= await prepare(event, settings, ports);
    if ("decision" in prepared) return prepared;
    const replaced = await replace(prepared, current, ports);
    if (replaced) return answer(decision, replaced.etag, prepared.manifest, prepared, replaced.built);
  }
  throw failure("TargetChanged", `"${key}" changed each of the ${ATTEMPTS} times that it was to be replaced`);
}

/** @returns undefined when something else came to be in the target's place meanwhile */
async function replace(
  { parts, plan, manifest }: Prepared,
  current: Current | undefined,
  { source, target, stop }: ExportPorts,
): Promise<{ etag: string; built: Built } | undefined> {
  const upload = await target.create(manifest);
  let built: Built | undefined;
  try {
    built = await build(plan, parts, { source, upload, stop });
    return { built, etag: await upload.complete(manifest.bytes, holding(current?.etag)) };
  } catch (error) {
    await upload.abort().catch(() => {});
    if (!built) throw error;
    // The upload may be complete although the answer to it was lost.
    const now = await target.look();
    if (now?.manifest && isSameRun(now.manifest, manifest)) return { built, etag: now.etag };
    if (isConflict(error)) return undefined;
    throw error;
  }
}
