import * as Table from "cli-table3";
import { median } from "./numbers";

/** Figures of one run. */
export interface ExportRun {
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  /** Bytes that the exporting process received, as its connections carried them; undefined if they were not counted. */
  down?: number;
  /** Bytes that it sent. */
  up?: number;
  /** Calls of S3; undefined if they were not counted. */
  requests?: number;
}

/** Runs of one size and kind. */
export interface ExportCell {
  /** Of all lines. */
  bytes: number;
  kind: "plain parts" | "gz parts" | "baseline, gz parts";
  runs: ExportRun[];
}

/** Smaller exports are dominated by the start of the process. */
const GOAL_BYTES = 1e9;
const MOST_SHARE = 0.006;
const LEAST_CPU_RATIO = 8;
const MOST_PEAK_BYTES = 200e6;
/** Growth of the peak from the smallest to the largest size that counts as flat. */
const FLAT_MIB = 16;

const HEAD = ["GB", "kind", "seconds", "MB/s", "CPU s/GB", "down/byte", "up/byte", "requests", "peak MiB"];

/** Prints one row per cell and one line per goal. */
export function printExport(cells: readonly ExportCell[]): void {
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, colAligns: HEAD.map(() => "right" as const) });
  for (const cell of cells) {
    const shown = (figure: number, digits: number) => (Number.isNaN(figure) ? "-" : figure.toFixed(digits));
    table.push([
      gigabytes(cell),
      cell.kind,
      of(cell, "seconds").toFixed(2),
      (cell.bytes / 1e6 / of(cell, "seconds")).toFixed(0),
      ((of(cell, "cpuSeconds") / cell.bytes) * 1e9).toFixed(2),
      shown(share(cell, "down"), 4),
      shown(share(cell, "up"), 4),
      shown(of(cell, "requests"), 0),
      of(cell, "peakMiB").toFixed(0),
    ]);
  }
  console.log(table.toString());
  for (const line of goals(cells)) console.log(line);
}

/** Whether the goals are met: for plain parts few bytes through the function, for gzip parts less CPU than the baseline; memory for both. */
export function goals(cells: readonly ExportCell[]): string[] {
  const [plain, gz, baseline] = (["plain parts", "gz parts", "baseline, gz parts"] as const).map((kind) =>
    cells.filter((cell) => cell.kind === kind),
  );
  return [
    ...(plain.length > 0 ? [...shareGoals(plain.filter(isLarge)), flatGoal(plain)] : []),
    ...(gz.length > 0 ? [...ratioGoals(gz, baseline), peakGoal(gz), flatGoal(gz.filter(isLarge))] : []),
  ];
}

function shareGoals(cells: readonly ExportCell[]): string[] {
  return (["down", "up"] as const).map((direction) => {
    const title = `at most 0.6 % of the bytes ${direction} from 1 GB`;
    if (cells.length === 0) return `not measured: ${title}`;
    const worst = Math.max(...cells.map((cell) => share(cell, direction)));
    return `${outcome(worst <= MOST_SHARE)}: ${title} (worst ${(worst * 100).toFixed(3)} %)`;
  });
}

function ratioGoals(cells: readonly ExportCell[], baseline: readonly ExportCell[]): string[] {
  const title = `at least ${LEAST_CPU_RATIO} times less CPU than the baseline from 1 GB`;
  const compared = cells.flatMap((cell) => {
    const other = baseline.find(({ bytes }) => bytes === cell.bytes);
    return other ? [{ cell, ratio: of(other, "cpuSeconds") / of(cell, "cpuSeconds") }] : [];
  });
  const large = compared.filter(({ cell }) => isLarge(cell)).map(({ ratio }) => ratio);
  const shown = compared.map(({ cell, ratio }) => `${ratio.toFixed(1)} at ${gigabytes(cell)} GB`).join(", ");
  if (large.length === 0) return [`not measured: ${title}${shown && ` (${shown})`}`];
  return [`${outcome(Math.min(...large) >= LEAST_CPU_RATIO)}: ${title} (${shown})`];
}

function peakGoal(cells: readonly ExportCell[]): string {
  const worst = Math.max(...cells.map((cell) => of(cell, "peakMiB") * 2 ** 20));
  return `${outcome(worst < MOST_PEAK_BYTES)}: peak memory below 200 MB (worst ${(worst / 1e6).toFixed(0)} MB)`;
}

function flatGoal(cells: readonly ExportCell[]): string {
  const peaks = cells.map((cell) => of(cell, "peakMiB"));
  const shown = `peak memory flat (${peaks.map((peak) => peak.toFixed(0)).join(", ")} MiB)`;
  return peaks.length < 2 ? `not measured: ${shown}` : `${outcome(peaks[peaks.length - 1] - peaks[0] <= FLAT_MIB)}: ${shown}`;
}

function outcome(met: boolean): string {
  return met ? "met" : "not met";
}

function isLarge({ bytes }: ExportCell): boolean {
  return bytes >= GOAL_BYTES;
}

function gigabytes({ bytes }: ExportCell): string {
  return (bytes / 1e9).toFixed(2);
}

function share(cell: ExportCell, direction: "down" | "up"): number {
  return of(cell, direction) / cell.bytes;
}

function of({ runs }: ExportCell, member: keyof ExportRun): number {
  return median(runs.map((run) => run[member] ?? NaN));
}
