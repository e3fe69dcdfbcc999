import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { testPython } from "@c360/local-aws/testing";
import { UsageError } from "../cli/shared/command";
import { type ExportCell, printExport } from "./exportReport";
import { ExportBench } from "./exportRuns";
import { makeBlocks, makeSample, type Sample } from "./exportSample";

const BASELINE_SCRIPT = join(__dirname, "../../shared/baseline/seed_export.py");
const PARTS = 8;
/** The baseline reads line by line: more would take minutes. */
const MOST_BASELINE_BYTES = 1.1e9;

/** What to measure. */
export interface ExportOptions {
  /** Least bytes of all lines, in ascending order. */
  sizes: number[];
  repetitions: number;
  /** Gzip parts and the baseline, instead of plain parts. */
  gz: boolean;
}

/**
 * Reads the flags `--sizes 0.1,1,4` (GB), `--repetitions 1` and `--gz`.
 *
 * @throws UsageError with flag, rule and value
 */
export function exportOptions(args: string[]): ExportOptions {
  const options = {
    sizes: { type: "string", default: "0.1,1,4" },
    repetitions: { type: "string", default: "1" },
    gz: { type: "boolean", default: false },
  } as const;
  const { values } = readFlags(() => parseArgs({ args, options }));
  const sizes = values.sizes.split(",").map((text) => Number(text) * 1e9);
  if (!sizes.every((bytes) => bytes > 0 && bytes <= 40e9)) {
    throw new UsageError(`--sizes must be gigabytes above 0 and up to 40, joined by commas, got "${values.sizes}"`);
  }
  const repetitions = Number(values.repetitions);
  if (!(Number.isInteger(repetitions) && repetitions > 0)) {
    throw new UsageError(`--repetitions must be a whole number above 0, got "${values.repetitions}"`);
  }
  return { sizes: sizes.sort((a, b) => a - b), repetitions, gz: values.gz };
}

/**
 * Measures the export's archive on a local S3. Gzip parts are compared with the baseline, a plain script, if there is one.
 *
 * @throws Error when an export fails
 */
export async function benchExport(args: string[]): Promise<void> {
  const { sizes, repetitions, gz } = exportOptions(args);
  const baseline = gz ? await baselineInterpreter() : undefined;
  const blocks = makeBlocks(1);
  console.log(
    `Medians of ${repetitions} interleaved runs. ${PARTS} parts, a new process for each run; S3 is a process of its own on this machine.`,
  );
  const bench = await ExportBench.open(!gz);
  try {
    const cells: ExportCell[] = [];
    for (const size of sizes) {
      const sample = makeSample(blocks, PARTS, size);
      cells.push(...(gz ? await measureGz(bench, sample, repetitions, baseline) : await measurePlain(bench, sample, repetitions)));
    }
    printExport(cells);
  } finally {
    await bench.close();
  }
}

async function measurePlain(bench: ExportBench, sample: Sample, repetitions: number): Promise<ExportCell[]> {
  const plain: ExportCell = { bytes: sample.bytes, kind: "plain parts", runs: [] };
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    await bench.putParts(sample, "plain");
    plain.runs.push(await bench.runFunction(sample));
    await bench.clear();
  }
  return [plain];
}

async function measureGz(bench: ExportBench, sample: Sample, repetitions: number, baseline: string | undefined): Promise<ExportCell[]> {
  const gz: ExportCell = { bytes: sample.bytes, kind: "gz parts", runs: [] };
  const compared: ExportCell = { bytes: sample.bytes, kind: "baseline, gz parts", runs: [] };
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    await bench.putParts(sample, "gz");
    gz.runs.push(await bench.runFunction(sample));
    if (baseline && sample.bytes <= MOST_BASELINE_BYTES) compared.runs.push(await bench.runBaseline(baseline, BASELINE_SCRIPT, sample));
    await bench.clear();
  }
  return [gz, compared].filter(({ runs }) => runs.length > 0);
}

/** A Python that has boto3; undefined if there is none, or no baseline. */
async function baselineInterpreter(): Promise<string | undefined> {
  const python = existsSync(BASELINE_SCRIPT) ? await testPython() : { missing: `${BASELINE_SCRIPT} does not exist` };
  if ("interpreter" in python) return python.interpreter;
  console.log(`no baseline: ${python.missing}`);
  return undefined;
}

function readFlags<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
