import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { lastError } from "./traceback";

/** A script and what its process gets. */
export interface ScriptOptions {
  /** Absolute path of a Python. */
  interpreter: string;
  /** Absolute path of the script, in a folder of its own where the process works. */
  file: string;
  args: string[];
  /** The whole environment of the process: nothing is inherited. */
  variables: Record<string, string>;
  /** Receives each line that the process prints. */
  log: (line: string) => void;
}

/**
 * Runs a script in a process group of its own, of which nothing is left at its end.
 *
 * @param signal kills the group when it aborts
 * @returns what went wrong, as Glue shows it; undefined: nothing
 */
export async function runScript(options: ScriptOptions, signal: AbortSignal): Promise<string | undefined> {
  const { interpreter, file, args, variables, log } = options;
  const child = spawn(interpreter, [basename(file), ...args], {
    cwd: dirname(file),
    env: variables,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const failure = lastError();
  createInterface({ input: child.stdout }).on("line", (line) => log(line));
  createInterface({ input: child.stderr }).on("line", (line) => {
    failure.read(line);
    log(line);
  });
  const kill = (): void => killGroup(child.pid);
  signal.addEventListener("abort", kill, { once: true });
  child.once("spawn", () => signal.aborted && kill());
  child.once("exit", kill);
  try {
    const [code, killer] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return code === null ? `Command failed with signal ${killer}` : (failure.text() ?? `SystemExit: ${code}`);
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
