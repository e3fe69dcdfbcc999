import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isScalar, parse, parseDocument, visit } from "yaml";

export interface Step {
  readonly uses?: string;
  readonly id?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface Job {
  readonly if?: string;
  readonly permissions?: unknown;
  /** A dimension of the matrix is a list, or an expression. */
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[] | string>> };
  readonly steps?: readonly Step[];
  readonly "timeout-minutes"?: number;
}

export interface Workflow {
  readonly on: string | readonly string[] | Readonly<Record<string, unknown>>;
  readonly env?: unknown;
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Permissions beyond reading the repository, by job. */
type Grants = Readonly<Record<string, Readonly<Record<string, string>>>>;

const ROOT = join(__dirname, "..", "..");
const WORKFLOWS = join(ROOT, ".github", "workflows");
const READ_ONLY = { contents: "read" };
const SAFE_TRIGGERS = ["push", "pull_request"];
const SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository";

/** Every file of `.github/workflows`, by name. */
export function workflowTexts(): Record<string, string> {
  return Object.fromEntries(readdirSync(WORKFLOWS).map((file) => [file, readFileSync(join(WORKFLOWS, file), "utf8")]));
}

/** Every `uses` that is not a full commit with its released version in a comment: a tag can be moved to other code. */
function unpinned(text: string): string[] {
  const found: string[] = [];
  visit(parseDocument(text), {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || key.value !== "uses" || !isScalar(value)) return;
      const pinned = /^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40}$/.test(String(value.value)) && /^ v\d+\.\d+\.\d+$/.test(value.comment ?? "");
      if (!pinned) found.push(`uses must be a full commit with its version as comment, got ${String(value.value)}`);
    },
  });
  return found;
}

function jobProblems(name: string, job: Job, workflow: Workflow, grant: Grants[string] = {}): string[] {
  const steps = job.steps ?? [];
  const permitted = job.permissions ?? workflow.permissions;
  const trusted = Object.values(grant).includes("write") || /\bsecrets\b/.test(JSON.stringify([workflow.env, job]));
  const guards = (job.if ?? "").split("&&").map((clause) => clause.trim());
  const rules: [broken: boolean, problem: string][] = [
    [!isDeepStrictEqual(permitted, { ...READ_ONLY, ...grant }), `permissions must be the granted ones, got ${JSON.stringify(permitted)}`],
    [job["timeout-minutes"] === undefined, "timeout-minutes must be set"],
    [trusted && (!guards.includes(SAME_REPOSITORY) || guards.join().includes("||")), "if must keep forks out"],
    [steps.some(({ run }) => run?.includes("${{")), "run must take values from env, not from ${{ }}"],
    [
      steps.some(({ uses, with: inputs }) => uses?.startsWith("actions/checkout@") && inputs?.["persist-credentials"] !== false),
      "checkout must not persist its credentials",
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, problem]) => `${name}: ${problem}`);
}

/**
 * The rules that a workflow breaks; `npm run check:workflows` checks its syntax.
 *
 * @param grants permissions beyond `contents: read`, by job; a job that writes or reads secrets must keep forks out
 */
export function ruleProblems(text: string, grants: Grants = {}): string[] {
  const workflow = parse(text) as Workflow;
  const triggers = typeof workflow.on === "string" ? [workflow.on] : Array.isArray(workflow.on) ? workflow.on : Object.keys(workflow.on);
  return [
    ...triggers
      .filter((trigger) => !SAFE_TRIGGERS.includes(trigger as string))
      .map((trigger) => `on must be safe for forks, got ${trigger}`),
    ...(isDeepStrictEqual(workflow.permissions, READ_ONLY) ? [] : ["permissions must be contents: read"]),
    ...unpinned(text),
    ...Object.entries(workflow.jobs).flatMap(([name, job]) => jobProblems(name, job, workflow, grants[name])),
  ];
}
