import { join } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./usageError";

/**
 * Reads a command's flags.
 *
 * @param args arguments after the script's name
 * @param command as it is typed, for example `npm start`
 * @throws UsageError of one line that names what is wrong
 */
export function parseFlags<T extends NonNullable<ParseArgsConfig["options"]>>(args: string[], options: T, command: string) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\.(?:\s|$)|\n/);
    throw new UsageError(`${reason}; ${command} -- --help lists the flags`);
  }
}

/**
 * Tells what ended a command.
 *
 * @returns its exit code: 2 for wrong usage, else 1
 */
export function tellFailure(error: unknown, command: string, printError: (line: string) => void): number {
  const { message, stack } = error as Error;
  printError(`${command}: ${process.env.DEBUG ? (stack ?? message) : message.replace(/\s+/g, " ")}`);
  return error instanceof UsageError ? 2 : 1;
}

/** Where a command works, and what ends it. */
export interface Environment {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/**
 * Runs a command as this process, which ends with the command's exit code.
 *
 * @param main takes the command line's arguments
 */
export function runAsProcess(main: (args: string[], environment: Environment) => Promise<number>): void {
  // The SDK's releases are pinned: that later ones need a newer Node is no news to whoever runs this.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const programDir = join(__dirname, "..");
  const environment = { programDir, folder: join(programDir, ".local"), signal: interrupted.signal };
  void main(process.argv.slice(2), environment).then((code) => (process.exitCode = code));
}
