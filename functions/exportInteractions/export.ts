import { makeCrew } from "../shared/crew";
import { failure } from "../shared/failure";
import { build, wrongSize, type Built } from "./build";
import { checkEvent, decide, isSameRun, type Current, type Decision, type ExportEvent, type Manifest } from "./decide";
import { isConflict, settleManifestFile, unquoted } from "./manifestFile";
import type { Part } from "./part";
import { plan, type Plan } from "./plan";
import type { Source } from "./source";
import type { Target } from "./target";

const ATTEMPTS = 5;
const PROBES_AT_A_TIME = 16;

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
  /** Calls made so far. */
  requests: () => number;
  /** Stops every call that is under way, because of an error. */
  stop: (error: unknown) => void;
}

/** What differs between deployments. */
export interface ExportSettings {
  /** Key of the CSV. */
  key: string;
  /** The CSV's columns, in order. */
  columns: string[];
}

interface Work {
  parts: Part[];
  plan: Plan;
}

/**
 * Makes one CSV with a header out of a query's parts and puts it in its place at once, unless a later run date, or this run, is there.
 * Whatever goes wrong leaves the CSV that was there.
 *
 * @throws Error named BadInput, NoRows, NoParts, StrayPart, PartChanged, CorruptPart, WrongSize, TooManySteps or TargetChanged, or as S3
 *   names it
 */
export async function exportInteractions(event: ExportEvent, settings: ExportSettings, ports: ExportPorts): Promise<ExportAnswer> {
  checkEvent(event);
  const { key, columns } = settings;
  const { runId, runDate, rows, users, items } = event;
  const header = `${columns.join(",")}\n`;
  const manifest = { runId, runDate, rows, users, items, bytes: Buffer.byteLength(header) + event.bytes, columns };
  const answer = async ({ decision, reason }: Decision, etag: string, there: Manifest, work?: Work, built?: Built) => {
    await settleManifestFile(ports.target);
    const { copied, uploaded } = built ?? { copied: 0, uploaded: 0 };
    const found = { key, etag: unquoted(etag), bytes: there.bytes, manifest: there, parts: work?.parts.length ?? 0 };
    return { decision, reason, ...found, copied, uploaded, requests: ports.requests() };
  };
  let work: Work | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const current = await ports.target.look();
    const decision = decide(manifest, current);
    if (decision.decision === "kept") return answer(decision, decision.current.etag, decision.manifest);
    work ??= await prepare(event.manifest, header, manifest.bytes, ports);
    const replaced = await replace(work, manifest, current, ports);
    if (replaced) return answer(decision, replaced.etag, manifest, work, replaced.built);
  }
  throw failure("TargetChanged", `"${key}" changed each of the ${ATTEMPTS} times that it was to be replaced`);
}

async function prepare(list: string, header: string, bytes: number, ports: ExportPorts): Promise<Work> {
  const { source, stop } = ports;
  const uris = await source.parts(list);
  const parts: Part[] = [];
  const probes = makeCrew(PROBES_AT_A_TIME, stop);
  for (const [i, uri] of uris.entries()) await probes.start(async () => void (parts[i] = await source.probe(uri)));
  await probes.finish();
  const planned = plan(parts, header);
  if (planned.exact && planned.bytes !== bytes) throw wrongSize(bytes, planned.bytes);
  return { parts, plan: planned };
}

/** @returns undefined when something else came to be in the target's place meanwhile */
async function replace(
  { parts, plan: planned }: Work,
  manifest: Manifest,
  current: Current | undefined,
  { source, target, stop }: ExportPorts,
): Promise<{ etag: string; built: Built } | undefined> {
  const upload = await target.create(manifest);
  let built: Built | undefined;
  try {
    built = await build(planned, parts, manifest, { source, upload, stop });
    return { built, etag: await upload.complete(manifest.bytes, current) };
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
