import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../cli/shared/command";
import { testPython } from "@c360/local-aws/testing";
import { printGz, type GzCell } from "./exportGzReport";
import { makeBlocks, makeParts, type Parts } from "./exportParts";
import { printExport, type ExportCell } from "./exportReport";
import { ExportBench } from "./exportRuns";
import { runInflate } from "./inflate";

const BASELINE_SCRIPT = join(__dirname, "../../shared/baseline/seed_export.py");
const PARTS = 8;
/** The baseline reads line by line: more would take minutes. */
const MOST_BASELINE_BYTES = 1.1e9;

/** What to measure. */
export interface ExportOptions {
  /** Bytes of all lines, about, in ascending order. */
  sizes: number[];
  repetitions: number;
  /** Gzip parts beside a bare inflate of them, instead of plain parts. */
  gz: boolean;
}

/**
 * Reads the flags: `--sizes 0.1,1,4` (GB; with `--gz` 0.1,1), `--repetitions 1` and `--gz`.
 *
 * @throws UsageError naming flag, rule and value
 */
export function exportOptions(args: string[]): ExportOptions {
  const options = {
    sizes: { type: "string" },
    repetitions: { type: "string", default: "1" },
    gz: { type: "boolean", default: false },
  } as const;
  const { values } = readFlags(() => parseArgs({ args, options }));
  const given = values.sizes ?? (values.gz ? "0.1,1" : "0.1,1,4");
  const sizes = given.split(",").map((text) => Number(text) * 1e9);
  if (!sizes.every((bytes) => bytes > 0 && bytes <= 40e9)) {
    throw new UsageError(`--sizes must be gigabytes above 0 and up to 40, joined by commas, got "${given}"`);
  }
  const repetitions = Number(values.repetitions);
  if (!(Number.isInteger(repetitions) && repetitions > 0)) {
    throw new UsageError(`--repetitions must be a whole number above 0, got "${values.repetitions}"`);
  }
  return { sizes: sizes.sort((a, b) => a - b), repetitions, gz: values.gz };
}

/**
 * Measures the export's archive on a local S3, and beside it a plain script, which reads gzip only.
 *
 * @throws Error when an export fails
 */
export async function benchExport(args: string[]): Promise<void> {
  const { sizes, repetitions, gz } = exportOptions(args);
  const baseline = await baselineInterpreter();
  const blocks = makeBlocks(1);
  const samples = sizes.map((size) => makeParts(blocks, PARTS, size));
  console.log(
    `${PARTS} parts, a fresh process for every run, ${repetitions} interleaved runs, medians; S3 in a process of its own on this machine`,
  );
  const bench = await ExportBench.open(!gz);
  try {
    if (gz) printGz(await measureGz(bench, samples, repetitions, baseline));
    else printExport(await measurePlain(bench, samples, repetitions, baseline));
  } finally {
    await bench.close();
  }
}

/** Plain parts and gzip ones; bytes as the connections carried them. */
async function measurePlain(bench: ExportBench, samples: readonly Parts[], repetitions: number, baseline: Baseline): Promise<ExportCell[]> {
  const cells: ExportCell[] = [];
  for (const parts of samples) {
    const cell = (way: ExportCell["way"]): ExportCell => ({ bytes: parts.bytes, way, runs: [] });
    const [plain, gz, plainly] = [cell("plain parts"), cell("gz parts"), cell("baseline, gz parts")];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      await bench.putParts(parts, "plain");
      plain.runs.push(await bench.runFunction(parts));
      await bench.clear();
      if (parts.bytes > MOST_BASELINE_BYTES) continue;
      await bench.putParts(parts, "gz");
      gz.runs.push(await bench.runFunction(parts));
      if (baseline) plainly.runs.push(await bench.runBaseline(baseline, BASELINE_SCRIPT, parts));
      await bench.clear();
    }
    cells.push(...[plain, gz, plainly].filter(({ runs }) => runs.length > 0));
  }
  return cells;
}

/** Gzip parts, without and with TLS, and the same bytes inflated in memory, with one stream and with as many as the export has. */
async function measureGz(bench: ExportBench, samples: readonly Parts[], repetitions: number, baseline: Baseline): Promise<GzCell[]> {
  const cells: GzCell[] = [];
  for (const parts of samples) {
    const cell = (way: GzCell["way"]): GzCell => ({ bytes: parts.bytes, way, runs: [] });
    const [one, two] = [cell("inflate, 1 stream"), cell("inflate, 2 streams")];
    const [gz, overTls, plainly] = [cell("export"), cell("export over TLS"), cell("baseline")];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      await bench.putParts(parts, "gz");
      one.runs.push(await runInflate(parts, 1));
      gz.runs.push(await bench.runFunction(parts));
      two.runs.push(await runInflate(parts, 2));
      if (baseline && parts.bytes <= MOST_BASELINE_BYTES) plainly.runs.push(await bench.runBaseline(baseline, BASELINE_SCRIPT, parts));
      await bench.clear();
      await bench.putParts(parts, "gz");
      overTls.runs.push(await bench.runFunction(parts, true));
      await bench.clear();
    }
    cells.push(...[one, two, gz, overTls, plainly].filter(({ runs }) => runs.length > 0));
  }
  return cells;
}

/** A Python that has boto3; undefined: there is none, or no script. */
type Baseline = string | undefined;

async function baselineInterpreter(): Promise<Baseline> {
  const python = existsSync(BASELINE_SCRIPT) ? await testPython() : { missing: `${BASELINE_SCRIPT} is not there` };
  if ("interpreter" in python) return python.interpreter;
  console.log(`${python.missing}: the export alone`);
  return undefined;
}

function readFlags<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
