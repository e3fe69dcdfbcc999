import * as Table from "cli-table3";
import type { ExportRun } from "./exportRuns";
import { median } from "./numbers";

/** What was measured for one size and way. */
export interface ExportCell {
  /** Of all lines. */
  bytes: number;
  way: "plain parts" | "gz parts" | "baseline, gz parts";
  runs: ExportRun[];
}

/** At and above this size the goals hold. */
const GOAL_BYTES = 1e9;
const GOAL_SHARE = 0.006;
/** Growth of the peak from the smallest to the largest size that counts as none. */
const FLAT_MIB = 16;

const HEAD = ["GB", "way", "seconds", "MB/s", "CPU s/GB", "down/byte", "up/byte", "requests", "peak MiB"];

/** Prints a row a cell, the ratios to the baseline, and a line a goal. */
export function printExport(cells: readonly ExportCell[]): void {
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, colAligns: HEAD.map(() => "right" as const) });
  for (const cell of cells) {
    const { bytes, way } = cell;
    table.push([
      (bytes / 1e9).toFixed(2),
      way,
      of(cell, "seconds").toFixed(2),
      (bytes / 1e6 / of(cell, "seconds")).toFixed(0),
      ((of(cell, "cpuSeconds") / bytes) * 1e9).toFixed(2),
      share(cell, "down").toFixed(4),
      share(cell, "up").toFixed(4),
      cell.runs[0].requests ?? "-",
      of(cell, "peakMiB").toFixed(0),
    ]);
  }
  console.log(table.toString());
  for (const line of [...ratios(cells), ...goals(cells)]) console.log(line);
}

/** How the function compares with the baseline at each size where both ran. */
export function ratios(cells: readonly ExportCell[]): string[] {
  return cells
    .filter(({ way }) => way === "baseline, gz parts")
    .flatMap((baseline) =>
      cells
        .filter(({ way, bytes }) => way !== baseline.way && bytes === baseline.bytes)
        .map((cell) => {
          const ratio = (figure: "seconds" | "cpuSeconds") => (of(baseline, figure) / of(cell, figure)).toFixed(1);
          const gb = (cell.bytes / 1e9).toFixed(2);
          return `${gb} GB, ${cell.way}: ${ratio("seconds")} times as fast as the baseline, ${ratio("cpuSeconds")} times less CPU`;
        }),
    );
}

/** Whether the goals are met: few bytes through the function for large exports of plain parts, and memory that does not grow. */
export function goals(cells: readonly ExportCell[]): string[] {
  const plain = cells.filter(({ way }) => way === "plain parts");
  const large = plain.filter(({ bytes }) => bytes >= GOAL_BYTES);
  const verdict = (met: boolean) => (met ? "met" : "not met");
  const few = (["down", "up"] as const).map((way) => {
    if (large.length === 0) return `not measured: bytes ${way} per byte exported at 1 GB and above`;
    const worst = Math.max(...large.map((cell) => share(cell, way)));
    return `${verdict(worst <= GOAL_SHARE)}: at most 0.6 % of the bytes ${way} at 1 GB and above (worst ${(worst * 100).toFixed(3)} %)`;
  });
  const peaks = plain.map((cell) => of(cell, "peakMiB"));
  const growth = (peaks.at(-1) ?? 0) - (peaks[0] ?? 0);
  return [...few, `${verdict(growth <= FLAT_MIB)}: peak memory flat (${peaks.map((peak) => peak.toFixed(0)).join(", ")} MiB)`];
}

function share(cell: ExportCell, way: "down" | "up"): number {
  return of(cell, way) / cell.bytes;
}

function of({ runs }: ExportCell, member: "seconds" | "cpuSeconds" | "peakMiB" | "down" | "up"): number {
  return median(runs.map((run) => run[member]));
}
