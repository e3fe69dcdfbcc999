import * as Table from "cli-table3";
import type { ForwarderRun, Run } from "./forwarderRuns";
import { median } from "./median";

/** What was measured for one number of sessions and size of batches. */
export interface Cell {
  sessions: number;
  batchSize: number;
  /** PutEvents calls that cannot be done without. */
  fewestPer1000Records: number;
  forwarder: ForwarderRun[];
  /** Empty without a baseline. */
  baseline: Run[];
}

/** PutEvents calls a second that the service takes: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const SERVICE_CALLS_PER_SECOND = 1000;

/** The row that stands for a usual load; it must be among the cells. */
const REFERENCE = { sessions: 500, batchSize: 500 };

const HEAD = [
  ["sessions", "batch"],
  ["records/s", "base", "ratio", "at 1000 calls/s"],
  ["calls/1000", "of fewest"],
  ["CPU ms", "base"],
  ["MiB", "base"],
  ["cold ms", "cold CPU ms"],
].flat();

/** Prints a row a cell and a line a goal. */
export function printForwarder(cells: readonly Cell[]): void {
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, colAligns: HEAD.map(() => "right" as const) });
  for (const cell of cells) {
    const rate = of(cell.forwarder, "recordsPerSecond");
    const calls = of(cell.forwarder, "callsPer1000Records");
    const base = (member: keyof Run, digits: number) => (cell.baseline.length > 0 ? of(cell.baseline, member).toFixed(digits) : "-");
    table.push([
      cell.sessions,
      cell.batchSize,
      rate.toFixed(0),
      base("recordsPerSecond", 0),
      cell.baseline.length > 0 ? speedup(cell).toFixed(1) : "-",
      Math.min(rate, (SERVICE_CALLS_PER_SECOND * 1000) / calls).toFixed(0),
      calls.toFixed(0),
      shareOfFewest(cell).toFixed(2),
      of(cell.forwarder, "cpuMillisecondsPerRecord").toFixed(2),
      base("cpuMillisecondsPerRecord", 2),
      of(cell.forwarder, "peakMiB").toFixed(0),
      base("peakMiB", 0),
      of(cell.forwarder, "coldMilliseconds").toFixed(0),
      of(cell.forwarder, "coldCpuMilliseconds").toFixed(0),
    ]);
  }
  console.log(table.toString());
  console.log('"at 1000 calls/s": what is left of records/s under the service\'s limit, when one container may use all of it');
  goal("calls at most 1.2 times the fewest possible", cells, shareOfFewest, (share) => share <= 1.2);
  const compared = cells.filter(({ baseline }) => baseline.length > 0);
  if (compared.length > 0) goal("records/s at least 20 times the baseline's", compared, speedup, (ratio) => ratio >= 20, Math.min);
  goal(
    "peak memory under 150 MB",
    cells,
    (cell) => (of(cell.forwarder, "peakMiB") * 2 ** 20) / 1e6,
    (megabytes) => megabytes < 150,
  );
  goal(
    "CPU under 0.4 ms a record",
    cells,
    (cell) => of(cell.forwarder, "cpuMillisecondsPerRecord"),
    (cpu) => cpu < 0.4,
  );
}

function goal(
  title: string,
  cells: readonly Cell[],
  figure: (cell: Cell) => number,
  met: (value: number) => boolean,
  worstOf: (...values: number[]) => number = Math.max,
): void {
  const figures = cells.map(figure);
  const count = figures.filter(met).length;
  const verdict = count === cells.length ? "met" : "not met";
  const reference = cells.findIndex(({ sessions, batchSize }) => sessions === REFERENCE.sessions && batchSize === REFERENCE.batchSize);
  const inMiddle = `${figures[reference].toFixed(2)} at ${REFERENCE.sessions} sessions and batches of ${REFERENCE.batchSize}`;
  console.log(`${verdict}: ${title} (${count} of ${cells.length} rows, worst ${worstOf(...figures).toFixed(2)}, ${inMiddle})`);
}

function speedup({ forwarder, baseline }: Cell): number {
  return of(forwarder, "recordsPerSecond") / of(baseline, "recordsPerSecond");
}

function shareOfFewest({ forwarder, fewestPer1000Records }: Cell): number {
  return of(forwarder, "callsPer1000Records") / fewestPer1000Records;
}

function of<R extends Run>(runs: readonly R[], member: keyof R): number {
  return median(runs.map((run) => Number(run[member])));
}
