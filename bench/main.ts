import { UsageError } from "../cli/shared/command";
import { benchExport } from "./export";
import { benchForwarder } from "./forwarder";

const BENCHMARKS: Record<string, (args: string[]) => Promise<void>> = { forwarder: benchForwarder, export: benchExport };

/** Runs the named benchmark; without a name, lists the benchmarks. */
async function main([name, ...args]: readonly string[]): Promise<number> {
  const known = Object.keys(BENCHMARKS);
  if (name === undefined) {
    console.log(`npm run bench -- NAME, where NAME is one of: ${known.join(", ")}`);
    return 0;
  }
  if (!known.includes(name)) {
    console.error(`the benchmark must be one of ${known.join(", ")}, got "${name}"`);
    return 2;
  }
  await BENCHMARKS[name](args);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
