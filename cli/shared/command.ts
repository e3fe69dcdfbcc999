import { once } from "node:events";
import { accessSync, constants, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs, type ParseArgsConfig } from "node:util";

const REPOSITORY = join(__dirname, "../..");

/** A command line, or an input that it names, is wrong. The command ends with exit code 2 before anything starts. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reason of an aborted signal: a signal of the operating system. */
export class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/** What a command works with. */
export interface CommandContext {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
  /** Writes text to stdout as it is. */
  write: (text: string) => void;
  /** Writes a line to stdout. */
  print: (line: string) => void;
  /** Writes a line to stderr. */
  printError: (line: string) => void;
  /** Asks a question on the terminal. @default there is no terminal */
  ask?: (question: string, signal: AbortSignal) => Promise<string>;
  /** Aborted by Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Hides progress. @default false */
  silent?: boolean;
}

/** A command of package.json. Its module loads nothing but this one: `run` imports what it needs. */
export interface Command<Options> {
  /** As it is typed, for example `npm start`. */
  name: string;
  /** One line per flag. */
  usage: string;
  /** @throws UsageError that names the flag, its rule and the value */
  readFlags: (args: string[]) => Options | "help";
  /** @returns exit code: 0 success, 1 failure */
  run: (options: Options, context: CommandContext) => Promise<number>;
}

/**
 * Parses a command's flags. `--help` needs no entry in `options`.
 *
 * @param name the command, as it is typed
 * @returns undefined when help is asked for
 * @throws UsageError of one line
 */
export function parseFlags<T extends NonNullable<ParseArgsConfig["options"]>>(args: string[], options: T, name: string) {
  try {
    const all = { ...options, help: { type: "boolean", default: false } } as const;
    const { values } = parseArgs({ args: joinNegatives(args), options: all, strict: true, allowPositionals: false });
    return (values as { help: boolean }).help ? undefined : values;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\.(?:\s|$)|\n/);
    throw new UsageError(`${reason}; ${name} -- --help lists the flags`);
  }
}

/** Turns `--poison -1` into `--poison=-1`, so that the flag's own rule explains the mistake. */
function joinNegatives(args: string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const flag = joined[joined.length - 1];
    if (/^-[\d.]/.test(arg) && /^--[^=]+$/.test(flag ?? "")) joined[joined.length - 1] = `${flag}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/**
 * Runs a command.
 *
 * @param args arguments after the script's name
 * @returns exit code: 0 success, 1 failure, 2 wrong usage or input, 130 Ctrl-C, 143 SIGTERM
 */
export async function execute<Options>(command: Command<Options>, args: string[], context: CommandContext): Promise<number> {
  try {
    const options = command.readFlags(args);
    if (options !== "help") return await command.run(options, context);
    context.print(command.usage);
    return 0;
  } catch (error) {
    const { signal } = context;
    if (signal.aborted) return signal.reason instanceof Interrupted ? signal.reason.exitCode : 130;
    const { message, stack } = error as Error;
    context.printError(`${command.name}: ${process.env.DEBUG ? (stack ?? message) : message.replace(/\s*\n\s*/g, " ")}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/**
 * Runs a command as this process, which ends with the command's exit code.
 *
 * @param paths where it works
 * @param args arguments after the script's name
 */
export function runAsProcess<Options>(
  command: Command<Options>,
  paths: Pick<CommandContext, "programDir" | "folder"> = { programDir: REPOSITORY, folder: join(REPOSITORY, ".local") },
  args = process.argv.slice(2),
): void {
  const { engines } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { engines: { node: string } };
  const outdated = nodeProblem(engines.node, process.versions.node);
  if (outdated !== undefined) {
    console.error(`${command.name}: ${outdated}`);
    process.exitCode = 2;
    return;
  }
  // The releases of the SDK are pinned: users cannot act on its warning that later ones need a newer Node.js.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const context: CommandContext = {
    ...paths,
    write: (text) => void process.stdout.write(text),
    print: (line) => console.log(line),
    printError: (line) => console.error(line),
    ask: process.stdin.isTTY && process.stdout.isTTY ? askOnTerminal : undefined,
    signal: interruptible(),
  };
  void execute(command, args, context).then((code) => (process.exitCode = code));
}

/**
 * Compares the version of Node.js with the `engines` of package.json.
 *
 * @param required such as `>=20.9`
 * @param found such as `20.2.0`
 * @returns undefined when the version will do
 * @throws Error when `required` has another form
 */
export function nodeProblem(required: string, found: string): string | undefined {
  const [, least] = /^>=(\d+(?:\.\d+){0,2})$/.exec(required) ?? [];
  if (least === undefined) throw new Error(`engines.node must be like >=20.9, got ${required}`);
  const numbers = (version: string): number[] => version.split(".").map(Number);
  const have = numbers(found);
  const different = numbers(least).findIndex((part, place) => part !== have[place]);
  const isOlder = different !== -1 && have[different] < numbers(least)[different];
  return isOlder ? `needs Node.js ${least} or later, found ${found}` : undefined;
}

/** The first Ctrl-C or SIGTERM aborts the signal, the second one ends the process. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  const stopOn = (name: NodeJS.Signals, exitCode: number): void => {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      console.error("Stopping; press Ctrl-C again to stop at once.");
      controller.abort(new Interrupted(exitCode));
    });
  };
  stopOn("SIGINT", 130);
  stopOn("SIGTERM", 143);
  return controller.signal;
}

/** The end of the input counts as an empty answer. */
async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
  try {
    return await Promise.race([terminal.question(question, { signal }), once(terminal, "close", { signal }).then(() => "")]);
  } finally {
    terminal.close();
  }
}

/**
 * Checks the file that `--json` names.
 *
 * @param input a file that the command reads
 * @throws UsageError when it cannot be written, or is the input
 */
export function checkJsonFile(file: string | undefined, input?: string): void {
  if (file === undefined) return;
  const rule = "--json must name a file that can be written";
  const found = statSync(file, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw new UsageError(`${rule}, ${file} is not a regular file`);
  if (input !== undefined && resolve(file) === resolve(input)) throw new UsageError(`${rule}, ${file} is the input`);
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`${rule}, in a folder that exists, got ${file}`);
  }
}

/** Replaces a JSON file atomically. Creates its folder. */
export function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  writeFileSync(partial, `${JSON.stringify(value, undefined, 2)}\n`);
  renameSync(partial, file);
}
