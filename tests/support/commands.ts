import { type Command, type CommandContext, execute } from "../../cli/shared/command";
import { REPOSITORY } from "./program";

/** How a command ended. */
export interface CommandOutcome {
  code: number;
  /** Lines on stdout. */
  printed: string[];
  /** Lines on stderr. */
  errors: string[];
}

/**
 * Runs a command in this process.
 *
 * @param args as they are typed, or one by one where they hold spaces
 * @param context what differs from the repository without a local cloud. @default nothing
 */
export async function runCommand<Options>(
  command: Command<Options>,
  args: string | string[],
  context: Partial<CommandContext> = {},
): Promise<CommandOutcome> {
  const outcome: CommandOutcome = { code: -1, printed: [], errors: [] };
  outcome.code = await execute(command, typeof args === "string" ? args.split(" ").filter(Boolean) : args, {
    programDir: REPOSITORY,
    folder: `${REPOSITORY}/.local`,
    signal: new AbortController().signal,
    silent: true,
    ...context,
    write: (text) => {
      outcome.printed.push(text);
      context.write?.(text);
    },
    print: (line) => {
      outcome.printed.push(line);
      context.print?.(line);
    },
    printError: (line) => {
      outcome.errors.push(line);
      context.printError?.(line);
    },
  });
  return outcome;
}
