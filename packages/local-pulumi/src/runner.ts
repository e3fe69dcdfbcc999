import { spawn } from "node:child_process";
import { devNull, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Stack } from "./stack";

/** Organization that programs see, as with every self-managed state backend. */
export const ORGANIZATION = "organization";

/** Fixes for the program runner. Each file explains its own. */
export const FIXES: readonly string[] = ["plainInspect", "noStacks", "lazyModules"].map((name) =>
  join(__dirname, "preload", `${name}.cjs`),
);
/** A program runs for a few seconds: optimizing its machine code takes longer than running it unoptimized. */
const NO_OPTIMIZATION = "--no-opt";
const STDERR_LINES = 20;

/** How a program's process ended. */
export interface RunnerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last lines that it wrote to stderr. */
  stderr: string[];
}

/** A process that runs a program. */
export interface Runner {
  exit: Promise<RunnerExit>;
  kill(): void;
}

/**
 * Starts Pulumi's stock program runner on a program, in its own process, which has none of this machine's credentials.
 *
 * @param preload modules that Node.js loads first
 * @param address host:port of the monitor and engine services
 * @param onLine receives each line that the program prints
 */
export function startRunner(
  stack: Stack,
  preload: readonly string[],
  address: string,
  dryRun: boolean,
  onLine: (line: string) => void,
): Runner {
  const flags = {
    monitor: address,
    engine: address,
    project: stack.project,
    stack: stack.stack,
    organization: ORGANIZATION,
    "root-directory": stack.programDir,
    pwd: stack.programDir,
    parallel: "16",
  };
  const child = spawn(
    process.execPath,
    [
      NO_OPTIMIZATION,
      ...preload.flatMap((file) => ["--require", file]),
      require.resolve("@pulumi/pulumi/cmd/run"),
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      ...(dryRun ? ["--dry-run"] : []),
      ".",
    ],
    { cwd: stack.programDir, stdio: ["ignore", "pipe", "pipe"], env: environment(stack) },
  );
  const stderr: string[] = [];
  readLines(child.stdout, onLine);
  readLines(child.stderr, (line) => {
    stderr.push(line);
    if (stderr.length > STDERR_LINES) stderr.shift();
    onLine(line);
  });
  const exit = new Promise<RunnerExit>((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => resolve({ code, signal, stderr }));
  });
  return { exit, kill: () => void child.kill("SIGKILL") };
}

function environment(stack: Stack): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: homedir(),
    TMPDIR: tmpdir(),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: "true",
    NO_COLOR: "1",
    NODE_NO_WARNINGS: "1",
    PULUMI_CONFIG: JSON.stringify(stack.config),
    PULUMI_CONFIG_SECRET_KEYS: "[]",
    PULUMI_NODEJS_TYPESCRIPT: String(stack.typescript),
  };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on("line", onLine);
}
