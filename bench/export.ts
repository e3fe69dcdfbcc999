import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../local/usageError";
import { preparePython } from "../tests/support/python";
import { makeBlocks, makeParts } from "./exportParts";
import { printExport, type ExportCell } from "./exportReport";
import { ExportBench } from "./exportRuns";

const BASELINE_SCRIPT = join(__dirname, "../../shared/baseline/seed_export.py");
const PARTS = 8;
/** The baseline reads line by line: more would take minutes. */
const MOST_BASELINE_BYTES = 1.1e9;

/** What to measure. */
export interface ExportOptions {
  /** Bytes of all lines, about, in ascending order. */
  sizes: number[];
  repetitions: number;
}

/**
 * Reads the flags: `--sizes 0.1,1,4` (GB) and `--repetitions 1`.
 *
 * @throws UsageError naming flag, rule and value
 */
export function exportOptions(args: string[]): ExportOptions {
  const options = { sizes: { type: "string", default: "0.1,1,4" }, repetitions: { type: "string", default: "1" } } as const;
  const { values } = readFlags(() => parseArgs({ args, options }));
  const sizes = values.sizes.split(",").map((text) => Number(text) * 1e9);
  if (!sizes.every((bytes) => bytes > 0 && bytes <= 40e9)) {
    throw new UsageError(`--sizes must be gigabytes above 0 and up to 40, joined by commas, got "${values.sizes}"`);
  }
  const repetitions = Number(values.repetitions);
  if (!(Number.isInteger(repetitions) && repetitions > 0)) {
    throw new UsageError(`--repetitions must be a whole number above 0, got "${values.repetitions}"`);
  }
  return { sizes: sizes.sort((a, b) => a - b), repetitions };
}

/**
 * Measures the export's archive over plain and gzip parts on a local S3, and beside it a plain script, which reads gzip only: all of
 * them once, then again, and medians.
 *
 * @throws Error when an export fails
 */
export async function benchExport(args: string[]): Promise<void> {
  const { sizes, repetitions } = exportOptions(args);
  const interpreter = await baselineInterpreter();
  const blocks = makeBlocks(1);
  const cells: ExportCell[] = [];
  const bench = await ExportBench.open();
  try {
    for (const size of sizes) {
      const parts = makeParts(blocks, PARTS, size);
      const cell = (way: ExportCell["way"]): ExportCell => ({ bytes: parts.bytes, way, runs: [] });
      const [plain, gz, baseline] = [cell("plain parts"), cell("gz parts"), cell("baseline, gz parts")];
      for (let repetition = 0; repetition < repetitions; repetition += 1) {
        await bench.putParts(parts, "plain");
        plain.runs.push(await bench.runFunction(parts));
        await bench.clear();
        if (size > MOST_BASELINE_BYTES) continue;
        await bench.putParts(parts, "gz");
        gz.runs.push(await bench.runFunction(parts));
        if (interpreter !== undefined) baseline.runs.push(await bench.runBaseline(interpreter, BASELINE_SCRIPT, parts));
        await bench.clear();
      }
      cells.push(...[plain, gz, baseline].filter(({ runs }) => runs.length > 0));
    }
  } finally {
    await bench.close();
  }
  console.log(
    `${PARTS} parts, a fresh process for every run, ${repetitions} interleaved runs, medians; S3 on disk in a process of its own on the ` +
      "same machine; bytes as the connections carried them, for every byte of the CSV; the baseline reads the same rows as gzip",
  );
  printExport(cells);
}

async function baselineInterpreter(): Promise<string | undefined> {
  const python = existsSync(BASELINE_SCRIPT) ? await preparePython() : { missing: `${BASELINE_SCRIPT} is not there` };
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
