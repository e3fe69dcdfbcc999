import { makeTaskPool } from "../shared/taskPool";
import { failure } from "../shared/failure";
import { makeBufferPool } from "./unpacking/bufferPool";
import type { Manifest } from "./decide";
import type { CountedEvent, ExportEvent, SourceEvent } from "./event";
import type { ExportPorts, ExportSettings } from "./export";
import type { Part } from "./part";
import { plan, type Plan } from "./joining/plan";
import type { TallyCounts } from "./counting/tally";
import { isUnit, unitsOf, type Unit } from "./unpacking/units";
import { countUnits, unpack, type Unpacked, type Way } from "./unpacking/unpack";
import type { Workplace } from "./unpacking/workplace";

const PROBES_AT_A_TIME = 16;
/** An upload's bytes, and how many of them wait or are under way: what unpacking holds in memory. */
const UPLOAD_BYTES = 8 * 1024 ** 2;
const UPLOADS = 4;

/** Everything that joining takes. */
export interface Prepared {
  /** Plain ones. */
  parts: Part[];
  plan: Plan;
  manifest: Manifest;
  /** Parts that were given. */
  given: number;
  /** Bytes that went through the function so far. */
  uploaded: number;
}

/** That work is left for another invocation. */
export interface Unfinished {
  decision: "unfinished";
  /** Groups of parts that are inflated, of all. */
  inflated: number;
  of: number;
}

/**
 * Finds the parts, inflates those that are not plain, checks and counts what nobody has counted, and plans how the parts are joined.
 * Joining has at least half of an invocation's time.
 *
 * @throws Error named NoParts, StrayPart, PartChanged, CorruptPart, BadRow, TooManyIds, TooFewInteractions, WrongSize, TooManySteps or
 *   OutOfTime
 */
export async function prepare(event: ExportEvent, settings: ExportSettings, ports: ExportPorts): Promise<Prepared | Unfinished> {
  const { columns, header } = settings;
  const isSource = "source" in event;
  const given = isSource ? await ports.source.below(event.source) : await probeParts(event, ports);
  const grouped = unitsOf(given, [header, columns]);
  const units = grouped.filter(isUnit);
  const workplace = ports.workplaceOf(event.runId);
  const { objects, made, bytes: uploaded } = await unpackAny(units, { header, checked: isSource ? columns : undefined }, workplace, ports);
  const parts = grouped.flatMap((one) => (isUnit(one) ? (objects.get(one.name) ?? []) : one));
  const hasTime = made === 0 || ports.left() > ports.limit / 2;
  if (parts.length < grouped.length || !hasTime) return { decision: "unfinished", inflated: objects.size, of: units.length };

  const csvHeader = `${columns.join(",")}\n`;
  const planned = plan(parts, csvHeader);
  const { bytes } = planned;
  const { rows, users, items } = isSource ? checkLeast(event, await countUnits(units, workplace)) : event;
  if (!isSource && bytes !== Buffer.byteLength(csvHeader) + event.bytes) throw wrongSize(Buffer.byteLength(csvHeader) + event.bytes, bytes);
  const manifest = { runId: event.runId, runDate: event.runDate, rows, users, items, bytes, columns };
  return { parts, plan: planned, manifest, given: given.length, uploaded };
}

async function probeParts({ manifest }: CountedEvent, { source, stop }: ExportPorts): Promise<Part[]> {
  const parts: Part[] = [];
  const probes = makeTaskPool(PROBES_AT_A_TIME, stop);
  for (const [i, uri] of (await source.listed(manifest)).entries())
    await probes.start(async () => void (parts[i] = await source.probe(uri)));
  await probes.finish();
  return parts;
}

async function unpackAny(units: readonly Unit[], way: Way, workplace: Workplace, ports: ExportPorts): Promise<Unpacked> {
  if (units.length === 0) return { objects: new Map(), made: 0, bytes: 0 };
  const { source, left, stop } = ports;
  return unpack(units, way, { source, workplace, pool: makeBufferPool(UPLOADS, UPLOAD_BYTES), left, stop });
}

/** @throws Error named TooFewInteractions */
function checkLeast({ runDate, leastRows, leastRepeatUsers }: SourceEvent, counts: TallyCounts): TallyCounts {
  const { rows, repeatUsers } = counts;
  if (rows >= leastRows && repeatUsers >= leastRepeatUsers) return counts;
  const needs = `Personalize needs ${leastRows} rows and ${leastRepeatUsers} users with 2 or more`;
  throw failure("TooFewInteractions", `${needs}, run date ${runDate} has ${rows} rows and ${repeatUsers} such users`);
}

/** @param expected and found bytes of the whole CSV */
function wrongSize(expected: number, found: number): Error {
  return failure("WrongSize", `The CSV must have ${expected} bytes, as its rows were counted, but its parts make ${found}`);
}
