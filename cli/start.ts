import type { ColumnNames } from "../local/interactions/form";
import type { RunOptions } from "../local/plan";
import { type Command, type CommandContext, parseFlags, runAsProcess, UsageError } from "./shared/command";

const NAME = "npm start";
const USAGE = `Usage: ${NAME} -- [flags]
Deploys the program to a local cloud, sends interactions through it and reconciles what comes out.
  --interactions FILE  CSV or CSV.gz with USER_ID, ITEM_ID, TIMESTAMP and optionally EVENT_TYPE (default: generated)
  --columns NAMES      the file's own header names, as USER_ID=userId,ITEM_ID=movieId (default: the stack's history.columns)
  --split time|user    which rows are sent live: the last share of all rows, or of each user's rows (default time)
  --live-share SHARE   share of the rows to send live, between 0 and 1 (default 0.2)
  --stack NAME         stack to deploy (default local)
  --tenant NAME        tenant that the interactions belong to (default: the stack's first)
  --export-engine lambda|glue
                       what writes the CSV (default: the stack's export.engine)
  --seed N             seed of all random choices (default 1)
  --scale N            how many times faster intervals and waits pass (default 60: a minute takes a second)
  --poison SHARE       bad records per good record, from 0 to 1; above 0 every kind comes at least once (default 0)
  --sabotage-training  give each row of the second run's training data an item drawn uniformly: the quality gate must keep the first version
  --strict             refuse a file that has a bad row
  --keep               leave the cloud running after the report, until Ctrl-C
  --json FILE          write the report to FILE too
  --help               show this text`;

const FLAGS = {
  interactions: { type: "string" },
  columns: { type: "string" },
  split: { type: "string", default: "time" },
  "live-share": { type: "string", default: "0.2" },
  stack: { type: "string", default: "local" },
  tenant: { type: "string" },
  "export-engine": { type: "string" },
  seed: { type: "string", default: "1" },
  scale: { type: "string", default: "60" },
  poison: { type: "string", default: "0" },
  "sabotage-training": { type: "boolean", default: false },
  strict: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
  json: { type: "string" },
} as const;

function readFlags(args: string[]): RunOptions | "help" {
  const values = parseFlags(args, FLAGS, NAME);
  if (values === undefined) return "help";
  return {
    interactions: optional(values.interactions, (text) => notEmpty("interactions", text)),
    columns: optional(values.columns, readColumns),
    split: oneOf<RunOptions["split"]>("split", values.split, ["time", "user"]),
    liveShare: number("live-share", values["live-share"], "between 0 and 1, both excluded", (value) => value > 0 && value < 1),
    stack: matching("stack", values.stack, /^[A-Za-z0-9][\w.-]{0,99}$/, "a stack's name"),
    tenant: optional(values.tenant, (text) => matching("tenant", text, /^[a-z][a-z0-9]{1,19}$/, "a tenant's name")),
    exportEngine: optional(values["export-engine"], (text) => oneOf("export-engine", text, ["lambda", "glue"])),
    seed: number("seed", values.seed, "a whole number from 0", (value) => Number.isSafeInteger(value) && value >= 0),
    scale: number("scale", values.scale, "above 0", (value) => value > 0),
    poison: number("poison", values.poison, "from 0 to 1", (value) => value >= 0 && value <= 1),
    sabotageTraining: values["sabotage-training"],
    strict: values.strict,
    keep: values.keep,
    json: optional(values.json, (text) => notEmpty("json", text)),
  };
}

function readColumns(text: string): ColumnNames {
  const pairs = text.split(",").map((pair) => /^(USER_ID|ITEM_ID|TIMESTAMP|EVENT_TYPE)=(.+)$/.exec(pair)?.slice(1));
  const known = pairs.filter((pair): pair is [string, string] => pair !== undefined);
  const distinct = [0, 1].every((i) => new Set(known.map((pair) => pair[i].toLowerCase())).size === pairs.length);
  if (distinct) return Object.fromEntries(known);
  const rule = "pairs such as USER_ID=userId,ITEM_ID=movieId of USER_ID, ITEM_ID, TIMESTAMP and EVENT_TYPE with different header names";
  throw new UsageError(`--columns must be ${rule}, got ${JSON.stringify(text)}`);
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

function number(flag: string, text: string, rule: string, holds: (value: number) => boolean): number {
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value) || !holds(value)) throw new UsageError(`--${flag} must be ${rule}, got ${JSON.stringify(text)}`);
  return value;
}

function oneOf<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new UsageError(`--${flag} must be ${allowed.join(" or ")}, got ${JSON.stringify(text)}`);
  return found;
}

function matching(flag: string, text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) throw new UsageError(`--${flag} must be ${what} (${pattern.source}), got ${JSON.stringify(text)}`);
  return text;
}

function notEmpty(flag: string, text: string): string {
  if (text === "") throw new UsageError(`--${flag} must name a file, got an empty name`);
  return text;
}

async function run(options: RunOptions, context: CommandContext): Promise<number> {
  const input = options.interactions ?? `generated interactions (seed ${options.seed})`;
  context.print(`Running stack ${options.stack} on this machine with ${input}.`);
  const { runLocally } = await import("../local/run");
  return runLocally(options, context);
}

/** `npm start`: runs the whole loop on this machine; exit code 1 means that the reconciliation failed. */
export const start: Command<RunOptions> = { name: NAME, usage: USAGE, readFlags, run };

if (require.main === module) runAsProcess(start);
