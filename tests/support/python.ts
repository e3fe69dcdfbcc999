import { execFile, type ExecFileException } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(__dirname, "../..");
const SCRIPTS = join(ROOT, "tests/python");
const run = promisify(execFile);

/** A Python that tests can use, or why there is none. */
export type Python = { interpreter: string } | { missing: string };

/** Where a virtual environment comes from. */
export interface VenvOptions {
  /** Its absolute path. @default `.local/venv`, which `npm start` leaves alone */
  folder?: string;
  /** Absolute path of the pinned packages. @default tests/python/requirements.txt */
  requirements?: string;
  /** Environment in which python3 is looked for. @default this process's */
  env?: NodeJS.ProcessEnv;
}

/** Makes the virtual environment on first use; a second use, by another process at the same time too, finds it. */
export async function preparePython(options: VenvOptions = {}): Promise<Python> {
  const { folder = join(ROOT, ".local/venv"), requirements = join(SCRIPTS, "requirements.txt"), env = process.env } = options;
  try {
    await run("python3", [join(SCRIPTS, "make_venv.py"), folder, requirements], { env });
    return { interpreter: join(folder, "bin/python") };
  } catch (error) {
    const { code, stderr, message } = error as ExecFileException & { stderr?: string };
    if (code === "ENOENT") return { missing: "there is no python3 in PATH" };
    return { missing: `python3 could not make ${folder}: ${(stderr || message).trim().split("\n").at(-1)}` };
  }
}

/**
 * Refuses a missing Python where the tests must not do without it.
 *
 * @param required whether `REQUIRE_PYTHON=1` says so
 * @throws Error with the reason
 */
export function orFail(python: Python, required: boolean): Python {
  if (required && "missing" in python) throw new Error(`REQUIRE_PYTHON=1, but ${python.missing}`);
  return python;
}

/**
 * For the `before` hook of a suite that needs Python: without it each of its tests is pending, with the reason in its title.
 *
 * @param note told the reason too: not every reporter shows titles
 * @returns absolute path of the interpreter
 * @throws Error with the reason when `REQUIRE_PYTHON=1`
 */
export async function needPython(
  context: Mocha.Context,
  options: VenvOptions = {},
  note: (line: string) => void = console.warn,
): Promise<string> {
  context.timeout(300_000);
  const { REQUIRE_PYTHON } = options.env ?? process.env;
  const python = orFail(await preparePython(options), REQUIRE_PYTHON === "1");
  if ("interpreter" in python) return python.interpreter;
  const suite = context.test?.parent;
  for (const test of suite?.tests ?? []) test.title += ` (pending: ${python.missing})`;
  note(`pending: ${suite?.fullTitle()}: ${python.missing}`);
  return context.skip();
}

/**
 * Runs Python.
 *
 * @param args script of tests/python and its arguments, or `-c` and a program
 * @returns what it printed, as JSON
 * @throws Error with what it printed on its way down
 */
export async function runPython(interpreter: string, [script, ...args]: string[]): Promise<unknown> {
  const file = script === "-c" ? script : join(SCRIPTS, script);
  const { stdout } = await run(interpreter, [file, ...args], { cwd: ROOT, timeout: 120_000 });
  return JSON.parse(stdout);
}
