import { failure } from "../shared/lambda";
import { checkShrink, type Current, decide, type Decision, type Identity, isSameRun, type Manifest } from "./decide";
import { checkEvent, type ExportEvent, type SourceEvent } from "./event";
import { join, type Joined } from "./join";
import { type Part, queryParts, sourceParts } from "./parts";
import { plan, type Plan } from "./plan";
import type { Counts } from "./rows";
import type { S3 } from "./s3";
import { groupParts, isGroup, type Staged, stageGroups, Staging } from "./staging";
import { isConflict, Target, type TargetLocation, unquoted } from "./target";
import { replacing } from "./upload";

const ATTEMPTS = 5;

/** The function's environment. */
export interface ExportSettings {
  target: TargetLocation;
  /** The CSV's columns, in order. */
  columns: string[];
  /** Line that a part may start with. */
  header: string;
  /** `s3://` address that every part's starts with; ends with a slash. */
  partsLocation: string;
  /** `s3://` address of what is staged; ends with a slash. */
  stagingLocation: string;
}

/** One invocation of the function. */
export interface Invocation {
  s3: S3;
  /** Milliseconds that it had at its start. */
  limit: number;
  /** Milliseconds until it has to end. */
  left: () => number;
}

/** What an export did. */
export interface ExportAnswer extends Pick<Decision, "decision" | "reason"> {
  key: string;
  /** Of the CSV that is there now, without quotes. */
  etag: string;
  /** Of the whole CSV that is there now. */
  bytes: number;
  manifest: Manifest;
  /** When a CSV that was kept was written, as ISO 8601. */
  lastModified?: string;
  /** Parts that were read. */
  parts: number;
  /** Bytes that S3 copied. */
  copied: number;
  /** Bytes that passed through the function. */
  uploaded: number;
  /** Calls of S3. */
  requests: number;
}

/** Another invocation with the same event must go on. */
export interface Unfinished {
  decision: "unfinished";
  /** Groups of parts that are staged, of all groups. */
  inflated: number;
  of: number;
}

/** What is needed to join parts. */
interface Prepared {
  /** Plain parts. */
  parts: Part[];
  plan: Plan;
  manifest: Manifest;
  /** Parts of the query or the source. */
  found: number;
  /** Bytes that passed through the function so far. */
  uploaded: number;
}

/**
 * Joins parts to one CSV with a header and puts it in its place by one atomic write, unless the CSV of a later run date, or of this run,
 * is there. A failure leaves the old CSV as it was. If there is more to inflate than the invocation has time for, another invocation with
 * the same event goes on with it.
 *
 * @throws Error named BadInput, NoRows, NoParts, StrayPart, PartChanged, CorruptPart, BadRow, TooManyIds, TooFewInteractions,
 *   TooFewRepeatUsers, TooManyEventTypes, CsvShrank, WrongSize, TooManySteps, OutOfTime or TargetChanged, or as S3 names it
 */
export async function exportInteractions(
  event: ExportEvent,
  settings: ExportSettings,
  invocation: Invocation,
): Promise<ExportAnswer | Unfinished> {
  checkEvent(event);
  const { s3 } = invocation;
  const { columns, target: location } = settings;
  const target = new Target(s3, location);
  const wanted: Identity = { runId: event.runId, runDate: event.runDate, columns };
  const answer = async ({ decision, reason }: Decision, etag: string, manifest: Manifest, prepared?: Prepared, joined?: Joined) => {
    await target.updateManifestFile();
    const csv = { key: location.key, etag: unquoted(etag), bytes: manifest.bytes, manifest };
    const uploaded = (prepared?.uploaded ?? 0) + (joined?.uploaded ?? 0);
    const work = { parts: prepared?.found ?? 0, copied: joined?.copied ?? 0, uploaded, requests: s3.calls };
    return { decision, reason, ...csv, ...work };
  };
  let prepared: Prepared | Unfinished | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const current = await target.find();
    const decision = decide(wanted, current);
    if (decision.decision === "kept") {
      const { etag, lastModified } = decision.current;
      return { ...(await answer(decision, etag, decision.manifest)), lastModified };
    }
    prepared ??= await prepare(event, settings, invocation);
    if ("decision" in prepared) return prepared;
    checkShrink(prepared.manifest.rows, event.maxShrink, current);
    const replaced = await replace(s3, target, prepared, current);
    if (replaced) return answer(decision, replaced.etag, prepared.manifest, prepared, replaced.joined);
  }
  throw failure("TargetChanged", `"${location.key}" changed each of the ${ATTEMPTS} times that it was to be replaced`);
}

/**
 * Finds the parts, stages those that S3 cannot copy as they are, and plans how the parts are joined. Leaves at least half of an
 * invocation's time for joining.
 */
async function prepare(event: ExportEvent, settings: ExportSettings, { s3, left, limit }: Invocation): Promise<Prepared | Unfinished> {
  const { columns, header, partsLocation, stagingLocation } = settings;
  const counted = "source" in event;
  const found = counted ? await sourceParts(s3, event.source, partsLocation) : await queryParts(s3, event.manifest, partsLocation, header);
  const options = { header, columns, counted };
  const grouped = groupParts(found, options);
  const groups = grouped.filter(isGroup);
  const staging = new Staging(s3, `${stagingLocation}${event.runId}/`, options);
  const staged = groups.length > 0 ? await stageGroups(groups, staging, left) : NOTHING_STAGED;
  const parts = grouped.flatMap((one) => (isGroup(one) ? (staged.objects.get(one.name) ?? []) : one));
  const hasTime = staged.made === 0 || left() > limit / 2;
  if (parts.length < grouped.length || !hasTime) return { decision: "unfinished", inflated: staged.objects.size, of: groups.length };

  const csvHeader = `${columns.join(",")}\n`;
  const planned = plan(parts, csvHeader);
  const { bytes } = planned;
  const { rows, users, items } = counted ? checked(event, await staging.count(groups)) : event;
  if (!counted) checkSize(Buffer.byteLength(csvHeader) + event.bytes, bytes);
  const manifest = { runId: event.runId, runDate: event.runDate, rows, users, items, bytes, columns };
  return { parts, plan: planned, manifest, found: found.length, uploaded: staged.bytes };
}

const NOTHING_STAGED: Staged = { objects: new Map(), made: 0, bytes: 0 };

/** @throws Error named TooFewInteractions, TooFewRepeatUsers or TooManyEventTypes */
function checked(event: SourceEvent, counts: Counts): Counts {
  const { leastRows, leastRepeatUsers, leastRepeatPercent, mostEventTypes } = event;
  const { rows, users, repeatUsers, eventTypes } = counts;
  const unmet = (rule: string, found: string) => `Personalize ${rule}, run date ${event.runDate} has ${found}`;
  if (rows < leastRows || repeatUsers < leastRepeatUsers) {
    const rule = `needs ${leastRows} rows and ${leastRepeatUsers} users with 2 or more`;
    throw failure("TooFewInteractions", unmet(rule, `${rows} rows and ${repeatUsers} such users`));
  }
  if (repeatUsers * 100 < users * leastRepeatPercent) {
    const rule = `needs 2 or more rows of at least ${leastRepeatPercent}% of the users`;
    throw failure("TooFewRepeatUsers", unmet(rule, `${repeatUsers} such users of ${users}`));
  }
  if (eventTypes > mostEventTypes) {
    const rule = `takes at most ${mostEventTypes} event types and optional columns together`;
    throw failure("TooManyEventTypes", unmet(rule, `${eventTypes} event types`));
  }
  return counts;
}

/** @throws Error named WrongSize */
function checkSize(counted: number, found: number): void {
  if (counted !== found)
    throw failure("WrongSize", `The CSV must have ${counted} bytes, as its rows were counted, but its parts make ${found}`);
}

/** @returns undefined if the key holds another object than `current` by now */
async function replace(
  s3: S3,
  target: Target,
  { parts, plan: planned, manifest }: Prepared,
  current: Current | undefined,
): Promise<{ etag: string; joined: Joined } | undefined> {
  const upload = await target.startUpload(manifest);
  let joined: Joined | undefined;
  try {
    joined = await join(s3, planned, parts, upload);
    return { joined, etag: await upload.complete(manifest.bytes, replacing(current?.etag)) };
  } catch (error) {
    await upload.abort();
    if (!joined) throw error;
    // The upload may be complete although the answer was lost.
    const now = await target.find();
    if (now?.manifest && isSameRun(now.manifest, manifest)) return { joined, etag: now.etag };
    if (isConflict(error)) return undefined;
    throw error;
  }
}
