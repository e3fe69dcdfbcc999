import { spawn } from "node:child_process";
import { devNull, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Stack } from "./stack";

/** What programs get to know as their organization, as with every self-managed state backend. */
export const ORGANIZATION = "organization";

/** What mends the program runner; each says how. */
const PRELOADED = ["plainInspect.cjs", "barePromises.cjs"];

/** How a program's process ended. */
export interface RunnerEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last lines that it wrote to stderr. */
  stderr: string[];
}

export interface Runner {
  ended: Promise<RunnerEnd>;
  kill(): void;
}

/**
 * Starts Pulumi's stock program runner on a program, in a process of its own that sees no credentials of this machine.
 *
 * @param address host:port of the monitor and engine services
 * @param onLine told each line that the program prints
 */
export function startRunner(stack: Stack, address: string, dryRun: boolean, onLine: (line: string) => void): Runner {
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
      ...PRELOADED.flatMap((file) => ["--require", join(__dirname, file)]),
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
    if (stderr.length > 20) stderr.shift();
    onLine(line);
  });
  const ended = new Promise<RunnerEnd>((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => resolve({ code, signal, stderr }));
  });
  return { ended, kill: () => void child.kill("SIGKILL") };
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
