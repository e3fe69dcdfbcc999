import { parseFlags } from "../command";
import { UsageError } from "../usageError";

/** What `npm run pipeline` is asked to do. */
export interface CommandOptions {
  /** Stack whose pipeline is run. */
  stack: string;
  /** Tenant whose pipeline is run; undefined: the stack's first. */
  tenant?: string;
  /** `YYYY-MM-DD`; undefined: the day before. */
  runDate?: string;
  /** Equal keys are the same run; undefined: a run of its own. */
  runKey?: string;
  /** Makes the table's partition again although this run key has made it. @default false */
  rebuild: boolean;
  /** A file that receives how the execution ended. */
  json?: string;
}

/** One line for each flag. */
export const USAGE = `Usage: npm run pipeline -- --stack NAME [flags]
  --stack NAME      stack whose pipeline is run: of the local cloud that npm start -- --keep left running, or deployed
  --tenant NAME     tenant whose pipeline is run (default: the stack's first)
  --run-date DATE   YYYY-MM-DD: the table's partition, with all that arrived until its end in UTC (default: yesterday)
  --run-key KEY     equal keys are the same run, which goes on where it failed (default: a new run)
  --rebuild         make the partition again although this run key has made it
  --json FILE       write there how the execution ended
  --help            show this`;

const FLAGS = {
  stack: { type: "string" },
  tenant: { type: "string" },
  "run-date": { type: "string" },
  "run-key": { type: "string" },
  rebuild: { type: "boolean", default: false },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line.
 *
 * @param args arguments after the script's name
 * @returns "help" when that is asked for
 * @throws UsageError naming the flag, its rule and the value
 */
export function readCommand(args: string[]): CommandOptions | "help" {
  const { help, stack, tenant, rebuild, json, "run-date": runDate, "run-key": runKey } = parseFlags(args, FLAGS, "npm run pipeline");
  if (help) return "help";
  if (stack === undefined) throw new UsageError("--stack NAME is needed; npm run pipeline -- --help lists the flags");
  check("run-date", runDate, "a day as 2026-01-31", isDay);
  check("run-key", runKey, "1 to 256 characters without control characters", (text) => /^\P{Cc}{1,256}$/u.test(text));
  check("json", json, "the name of a file", (text) => text !== "");
  return { stack, tenant, runDate, runKey, rebuild, json };
}

function check(flag: string, text: string | undefined, rule: string, holds: (text: string) => boolean): void {
  if (text !== undefined && !holds(text)) throw new UsageError(`--${flag} must be ${rule}, got ${JSON.stringify(text)}`);
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
