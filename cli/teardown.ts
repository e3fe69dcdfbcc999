import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { runAsProcess, tellFailure } from "./command";
import { inAccount } from "./place";
import { checkIdle } from "./teardown/executions";
import { listLines } from "./teardown/list";
import { type CommandOptions, readCommand, USAGE } from "./teardown/options";
import { removeAll } from "./teardown/remove";
import { findStanding } from "./teardown/standing";
import { checkServed } from "./teardown/steps";
import { findTarget } from "./teardown/target";
import { UsageError } from "./usageError";

/** What the command may touch. */
export interface Surroundings {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
  print: (line: string) => void;
  printError: (line: string) => void;
  /** Asks whoever sits at the terminal; undefined where there is none. */
  ask?: (question: string, signal: AbortSignal) => Promise<string>;
  /** Ends the wait; what is being deleted goes on. */
  signal: AbortSignal;
}

/**
 * `npm run teardown`: deletes what the pipeline made in Personalize, which Pulumi knows nothing of.
 *
 * @param args the command line's arguments
 * @returns exit code: 0 nothing stands any more, 1 failed or called off, 2 wrong usage, 130 Ctrl-C
 */
export async function main(args: string[], { programDir, folder, print, printError, ask, signal }: Surroundings): Promise<number> {
  let advice: string | undefined;
  try {
    const options = readCommand(args);
    if (options === "help") {
      print(USAGE);
      return 0;
    }
    const target = await findTarget({ ...options, programDir, folder });
    const look = { ...target, signal };
    const standing = await inAccount(options.stack, () => findStanding(look));
    const lines = listLines(standing);
    if (lines.length > 0) print(`This stands in ${target.region}, made by the pipeline for ${whose(options)}:`);
    for (const line of lines) print(line);
    checkServed(standing);
    await checkIdle(target, signal);
    if (lines.length === 0) {
      print(`Nothing stands that the pipeline made for ${whose(options)} in ${target.region}.`);
      return 0;
    }
    if (!options.yes && !(await agrees(ask, signal))) {
      printError("npm run teardown: called off, nothing was deleted");
      return 1;
    }
    advice = "What is being deleted goes on; call npm run teardown again for the rest.";
    await removeAll(standing, { ...look, say: print });
    print("All of it is gone.");
    return 0;
  } catch (error) {
    if (signal.aborted) {
      if (advice !== undefined) printError(advice);
      return 130;
    }
    return tellFailure(error, "npm run teardown", printError);
  }
}

function whose({ stack, tenant }: CommandOptions): string {
  return tenant === undefined ? `stack ${stack}` : `tenant ${tenant} of stack ${stack}`;
}

async function agrees(ask: Surroundings["ask"], signal: AbortSignal): Promise<boolean> {
  if (ask === undefined) throw new UsageError("--yes is needed where there is no terminal to ask on; nothing was deleted");
  return (await ask("Delete all of it? Only yes deletes: ", signal)).trim() === "yes";
}

/** Asks on the terminal; its end counts as an empty answer. */
async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
  try {
    return await Promise.race([terminal.question(question, { signal }), once(terminal, "close", { signal }).then(() => "")]);
  } finally {
    terminal.close();
  }
}

if (require.main === module) {
  runAsProcess((args, environment) =>
    main(args, {
      ...environment,
      print: (line) => console.log(line),
      printError: (line) => console.error(line),
      ask: process.stdin.isTTY && process.stdout.isTTY ? askOnTerminal : undefined,
    }),
  );
}
