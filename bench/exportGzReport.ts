import * as Table from "cli-table3";
import { median } from "./numbers";

/** What it took. */
export interface BareRun {
  seconds: number;
  /** CPU seconds of the whole process. */
  cpuSeconds: number;
  /** Most memory of the process; undefined where nobody looks. */
  peakMiB?: number;
}

/** What was measured for one size and way. */
export interface GzCell {
  /** Of all lines. */
  bytes: number;
  way: "inflate, 1 stream" | "inflate, 2 streams" | "export" | "export over TLS" | "baseline";
  runs: BareRun[];
}

const LEAST_OF_INFLATE = 0.8;
const LEAST_OF_BASELINE = 5;
const MOST_MIB = 200;

const HEAD = ["GB", "way", "seconds", "MB/s", "cores", "CPU s/GB", "MB per CPU s", "peak MiB"];

/** Prints a row a cell, and a line a goal. */
export function printGz(cells: readonly GzCell[]): void {
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, colAligns: HEAD.map(() => "right" as const) });
  for (const cell of cells) {
    const [seconds, cpuSeconds, peak] = [of(cell, "seconds"), of(cell, "cpuSeconds"), of(cell, "peakMiB")];
    table.push([
      (cell.bytes / 1e9).toFixed(2),
      cell.way,
      seconds.toFixed(2),
      (cell.bytes / 1e6 / seconds).toFixed(0),
      (cpuSeconds / seconds).toFixed(2),
      ((cpuSeconds / cell.bytes) * 1e9).toFixed(2),
      perCpuSecond(cell).toFixed(0),
      Number.isNaN(peak) ? "-" : peak.toFixed(0),
    ]);
  }
  console.log(table.toString());
  for (const line of gzGoals(cells)) console.log(line);
}

/** Whether the goals are met, at each size: speed for the CPU time that it takes, memory, and speed beside the baseline. */
export function gzGoals(cells: readonly GzCell[]): string[] {
  const verdict = (met: boolean) => (met ? "met" : "not met");
  return cells
    .filter(({ way }) => way === "export")
    .flatMap((cell) => {
      const beside = (way: GzCell["way"]) => cells.find((other) => other.way === way && other.bytes === cell.bytes);
      const gb = `${(cell.bytes / 1e9).toFixed(2)} GB`;
      const [one, two, baseline] = [beside("inflate, 1 stream"), beside("inflate, 2 streams"), beside("baseline")];
      const overTls = beside("export over TLS");
      const lines: string[] = [];
      if (one && two) {
        const [ofOne, ofTwo] = [one, two].map((bare) => perCpuSecond(cell) / perCpuSecond(bare));
        const met = verdict(ofTwo >= LEAST_OF_INFLATE);
        lines.push(
          `${met}: ${gb}, at least ${LEAST_OF_INFLATE} of the bare inflate's MB per CPU second with as many streams (${ofTwo.toFixed(2)}; with one ${ofOne.toFixed(2)})`,
        );
      }
      if (two && overTls) {
        const ofTwo = perCpuSecond(overTls) / perCpuSecond(two);
        lines.push(`${gb}, over TLS, as with S3 itself: ${ofTwo.toFixed(2)} of the bare inflate's MB per CPU second`);
      }
      const peak = of(cell, "peakMiB");
      lines.push(`${verdict(peak < MOST_MIB)}: ${gb}, peak memory below ${MOST_MIB} MiB (${peak.toFixed(0)})`);
      if (baseline) {
        const ratio = of(baseline, "seconds") / of(cell, "seconds");
        const cpu = of(baseline, "cpuSeconds") / of(cell, "cpuSeconds");
        lines.push(
          `${verdict(ratio >= LEAST_OF_BASELINE)}: ${gb}, at least ${LEAST_OF_BASELINE} times as fast as the baseline (${ratio.toFixed(1)}; ${cpu.toFixed(1)} times less CPU)`,
        );
      }
      return lines;
    });
}

function perCpuSecond(cell: GzCell): number {
  return cell.bytes / 1e6 / of(cell, "cpuSeconds");
}

function of({ runs }: GzCell, member: keyof BareRun): number {
  return median(runs.map((run) => run[member] ?? NaN));
}
