import * as Table from "cli-table3";
import { median } from "./numbers";

/** Figures of one run. */
export interface Run {
  recordsPerSecond: number;
  callsPer1000Records: number;
  cpuMillisecondsPerRecord: number;
  peakMiB: number;
}

/** Figures of one run of the forwarder, without its warm-up; the first batch of the new process is separate. */
export interface ForwarderRun extends Run {
  coldMilliseconds: number;
  coldCpuMilliseconds: number;
}

/** Runs with one number of sessions and one batch size. */
export interface Cell {
  sessions: number;
  batchSize: number;
  /** Whether a batch is one record of the Kinesis Producer Library; records are its user records then. */
  aggregated: boolean;
  /** Fewest PutEvents calls that can carry the events. */
  fewestPer1000Records: number;
  forwarder: ForwarderRun[];
  /** Empty without a baseline. */
  baseline: Run[];
}

interface Goal {
  title: string;
  figure: (cell: Cell) => number;
  /** @default no lower bound */
  atLeast?: number;
  /** @default no upper bound */
  atMost?: number;
}

/** PutEvents calls per second that the service accepts: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const SERVICE_CALLS_PER_SECOND = 1000;

const HEAD = [
  ["sessions", "batch"],
  ["records/s", "base", "ratio", "at 1000 calls/s"],
  ["calls/1000", "of fewest"],
  ["CPU ms", "base", "ratio"],
  ["MiB", "base"],
  ["cold ms", "cold CPU ms"],
].flat();

const GOALS: Goal[] = [
  { title: "calls at most 1.2 times the fewest possible", figure: shareOfFewest, atMost: 1.2 },
  { title: "peak memory at most 150 MB", figure: peakMegabytes, atMost: 150 },
];
const BASELINE_GOALS: Goal[] = [
  { title: "records/s at least 25 times the baseline's", figure: speedup, atLeast: 25 },
  { title: "CPU per record at least 20 times below the baseline's", figure: cpuRatio, atLeast: 20 },
];

/** Prints one row per cell and one line per goal. */
export function printForwarder(cells: readonly Cell[]): void {
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, colAligns: HEAD.map(() => "right" as const) });
  for (const cell of cells) {
    const rate = of(cell.forwarder, "recordsPerSecond");
    const calls = of(cell.forwarder, "callsPer1000Records");
    const withBaseline = (figure: (compared: Cell) => number, digits: number) =>
      cell.baseline.length > 0 ? figure(cell).toFixed(digits) : "-";
    const base = (member: keyof Run, digits: number) => withBaseline(({ baseline }) => of(baseline, member), digits);
    table.push([
      cell.sessions,
      cell.aggregated ? `${cell.batchSize} in 1` : cell.batchSize,
      rate.toFixed(0),
      base("recordsPerSecond", 0),
      withBaseline(speedup, 1),
      Math.min(rate, (SERVICE_CALLS_PER_SECOND * 1000) / calls).toFixed(0),
      calls.toFixed(0),
      shareOfFewest(cell).toFixed(2),
      of(cell.forwarder, "cpuMillisecondsPerRecord").toFixed(2),
      base("cpuMillisecondsPerRecord", 2),
      withBaseline(cpuRatio, 1),
      of(cell.forwarder, "peakMiB").toFixed(0),
      base("peakMiB", 0),
      of(cell.forwarder, "coldMilliseconds").toFixed(0),
      of(cell.forwarder, "coldCpuMilliseconds").toFixed(0),
    ]);
  }
  console.log(table.toString());
  console.log('"at 1000 calls/s": records/s within the service\'s limit, when one container may use all of it');
  for (const goal of GOALS) console.log(judge(goal, cells));
  const compared = cells.filter(({ baseline }) => baseline.length > 0);
  for (const goal of compared.length > 0 ? BASELINE_GOALS : []) console.log(judge(goal, compared));
}

function judge({ title, figure, atLeast = -Infinity, atMost = Infinity }: Goal, cells: readonly Cell[]): string {
  const figures = cells.map(figure);
  const count = figures.filter((value) => value >= atLeast && value <= atMost).length;
  const worst = atMost === Infinity ? Math.min(...figures) : Math.max(...figures);
  return `${count === cells.length ? "met" : "not met"}: ${title} (${count} of ${cells.length} rows, worst ${worst.toFixed(2)})`;
}

function speedup({ forwarder, baseline }: Cell): number {
  return of(forwarder, "recordsPerSecond") / of(baseline, "recordsPerSecond");
}

function cpuRatio({ forwarder, baseline }: Cell): number {
  return of(baseline, "cpuMillisecondsPerRecord") / of(forwarder, "cpuMillisecondsPerRecord");
}

function shareOfFewest({ forwarder, fewestPer1000Records }: Cell): number {
  return of(forwarder, "callsPer1000Records") / fewestPer1000Records;
}

function peakMegabytes({ forwarder }: Cell): number {
  return (of(forwarder, "peakMiB") * 2 ** 20) / 1e6;
}

function of<R extends Run>(runs: readonly R[], member: keyof R): number {
  return median(runs.map((run) => Number(run[member])));
}
