import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { join } from "node:path";
import { preparePython, type Python, type VenvOptions } from "../src/glue/python";

const run = promisify(execFile);

/** The virtual environment that all tests share, with boto3. */
export const testPython = (options: Partial<VenvOptions> = {}): Promise<Python> =>
  preparePython({ folder: join(process.cwd(), ".local/venv"), ...options });

/**
 * Refuses a missing Python where the tests require it.
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
 * @param note receives the reason too, because not every reporter shows titles
 * @returns absolute path of the interpreter
 * @throws Error with the reason when `REQUIRE_PYTHON=1`
 */
export async function needPython(
  context: Mocha.Context,
  options: Partial<VenvOptions> = {},
  note: (line: string) => void = console.warn,
): Promise<string> {
  context.timeout(300_000);
  const { REQUIRE_PYTHON } = options.env ?? process.env;
  const python = orFail(await testPython(options), REQUIRE_PYTHON === "1");
  if ("interpreter" in python) return python.interpreter;
  const suite = context.test?.parent;
  for (const test of suite?.tests ?? []) test.title += ` (pending: ${python.missing})`;
  note(`pending: ${suite?.fullTitle()}: ${python.missing}`);
  return context.skip();
}

/**
 * Runs Python.
 *
 * @param args absolute path of a script and its arguments, or `-c` and a program
 * @returns what it printed, as JSON
 * @throws Error with the output of a script that fails
 */
export async function runPython(interpreter: string, args: string[]): Promise<unknown> {
  const { stdout } = await run(interpreter, args, { timeout: 120_000 });
  return JSON.parse(stdout);
}
