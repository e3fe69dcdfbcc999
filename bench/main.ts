import { benchForwarder } from "./forwarder";

const BENCHMARKS: Record<string, () => Promise<void>> = { forwarder: benchForwarder };

/** Runs the named benchmark; lists them without a name. */
async function main(names: readonly string[]): Promise<number> {
  const known = Object.keys(BENCHMARKS);
  if (names.length === 0) {
    console.log(`npm run bench -- NAME, where NAME is one of: ${known.join(", ")}`);
    return 0;
  }
  if (names.length > 1 || !known.includes(names[0])) {
    console.error(`bench takes one of ${known.join(", ")}, got "${names.join(" ")}"`);
    return 2;
  }
  await BENCHMARKS[names[0]]();
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
