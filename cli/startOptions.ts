import type { SplitBy } from "../local/interactions/split";
import { parseFlags } from "./command";
import { UsageError } from "./usageError";

/** What joins the parts to the CSV. */
export type ExportEngine = "lambda" | "glue";

/** What `npm start` is asked to do. */
export interface Options {
  /** CSV or CSV.gz of interactions; undefined: generated ones. */
  interactions?: string;
  /** @default "time" */
  split: SplitBy;
  /** Share of the rows that is sent live, between 0 and 1, both excluded. @default 0.2 */
  liveShare: number;
  /** Stack whose Pulumi.<stack>.yaml is deployed. @default "local" */
  stack: string;
  /** Tenant that the interactions belong to; undefined: the stack's first. */
  tenant?: string;
  /** What joins the parts to the CSV. @default the stack's `export.engine` */
  exportEngine?: ExportEngine;
  /** Seed of everything that is drawn, a whole number from 0. @default 1 */
  seed: number;
  /** How many times faster delivery intervals, mapping windows and waits pass, above 0. @default 60 */
  scale: number;
  /** Poison records sent for each good one, from 0 to 1; above 0, every kind of poison comes at least once. @default 0 */
  poison: number;
  /** Refuse a file that has a wrong row. @default false */
  strict: boolean;
  /** Leave the cloud running after the report, until Ctrl-C. @default false */
  keep: boolean;
  /** Another file that receives the report. */
  json?: string;
}

/** One line for each flag. */
export const USAGE = `Usage: npm start -- [flags]
  --interactions FILE  CSV or CSV.gz with USER_ID, ITEM_ID, TIMESTAMP and perhaps EVENT_TYPE (default: generated ones)
  --split time|user    what is live: the last share of all rows, or of each user's (default time)
  --live-share SHARE   share of the rows that is sent live, between 0 and 1 (default 0.2)
  --stack NAME         stack to deploy (default local)
  --tenant NAME        tenant to feed (default: the stack's first)
  --export-engine lambda|glue
                       what joins the parts to the CSV (default: the stack's export.engine)
  --seed N             seed of all that is drawn (default 1)
  --scale N            how many times faster intervals and waits pass (default 60: a minute takes a second)
  --poison SHARE       bad records beside each good one, from 0 to 1; above 0 each kind at least once (default 0)
  --strict             refuse a file that has a wrong row
  --keep               leave the cloud running after the report, until Ctrl-C
  --json FILE          write the report there too
  --help               show this`;

const FLAGS = {
  interactions: { type: "string" },
  split: { type: "string", default: "time" },
  "live-share": { type: "string", default: "0.2" },
  stack: { type: "string", default: "local" },
  tenant: { type: "string" },
  "export-engine": { type: "string" },
  seed: { type: "string", default: "1" },
  scale: { type: "string", default: "60" },
  poison: { type: "string", default: "0" },
  strict: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
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
export function readOptions(args: string[]): Options | "help" {
  const values = parseFlags(joinNegatives(args), FLAGS, "npm start");
  if (values.help) return "help";
  return {
    interactions: optional(values.interactions, (text) => notEmpty("interactions", text)),
    split: oneOf<SplitBy>("split", values.split, ["time", "user"]),
    liveShare: number("live-share", values["live-share"], "between 0 and 1, both excluded", (value) => value > 0 && value < 1),
    stack: matching("stack", values.stack, /^[A-Za-z0-9][\w.-]{0,99}$/, "a stack's name"),
    tenant: optional(values.tenant, (text) => matching("tenant", text, /^[a-z][a-z0-9]{1,19}$/, "a tenant's name")),
    exportEngine: optional(values["export-engine"], (text) => oneOf<ExportEngine>("export-engine", text, ["lambda", "glue"])),
    seed: number("seed", values.seed, "a whole number from 0", (value) => Number.isSafeInteger(value) && value >= 0),
    scale: number("scale", values.scale, "above 0", (value) => value > 0),
    poison: number("poison", values.poison, "from 0 to 1", (value) => value >= 0 && value <= 1),
    strict: values.strict,
    keep: values.keep,
    json: optional(values.json, (text) => notEmpty("json", text)),
  };
}

/** `--poison -1` as `--poison=-1`: a flag's own rule then tells what is wrong, instead of the parser's guess. */
function joinNegatives(args: string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const flag = joined[joined.length - 1];
    if (/^-[\d.]/.test(arg) && /^--[^=]+$/.test(flag ?? "")) joined[joined.length - 1] = `${flag}=${arg}`;
    else joined.push(arg);
  }
  return joined;
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
