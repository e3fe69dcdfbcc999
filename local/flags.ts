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
