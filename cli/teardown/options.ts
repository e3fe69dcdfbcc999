import { parseFlags } from "../command";
import { UsageError } from "../usageError";

/** What `npm run teardown` is asked to do. */
export interface CommandOptions {
  /** Stack whose campaigns and solutions go. */
  stack: string;
  /** Tenant whose campaign and solutions go; undefined: all of the stack. */
  tenant?: string;
  /** Deletes without a question. @default false */
  yes: boolean;
}

/** One line for each flag. */
export const USAGE = `Usage: npm run teardown -- --stack NAME [flags]
Deletes the campaigns and solutions that the pipeline made: before pulumi destroy, and before a tenant is dropped.
  --stack NAME      stack: of the local cloud that npm start -- --keep left running, or deployed
  --tenant NAME     tenant whose campaign and solutions go (default: all of the stack)
  --yes             delete without a question
  --help            show this`;

const FLAGS = {
  stack: { type: "string" },
  tenant: { type: "string" },
  yes: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line.
 *
 * @param args arguments after the script's name
 * @returns "help" when that is asked for
 * @throws UsageError naming what is wrong
 */
export function readCommand(args: string[]): CommandOptions | "help" {
  const { help, stack, tenant, yes } = parseFlags(args, FLAGS, "npm run teardown");
  if (help) return "help";
  if (stack === undefined) throw new UsageError("--stack NAME is needed; npm run teardown -- --help lists the flags");
  return { stack, tenant, yes };
}
