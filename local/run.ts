import { once } from "node:events";
import { relative } from "node:path";
import { allServices, openStore, preparePython, type RunningCloud, startCloud, type Store } from "@c360/local-aws";
import { type CommandContext, writeJson } from "../cli/shared/command";
import { accessKeyOf, deploy } from "./deploy";
import { planRun, type RunOptions, type RunPlan } from "./plan";
import { type Progress, showProgress } from "./progress";
import { problem, type Problem, type Report } from "./report";
import { renderReport } from "./reportTable";
import { simulateBusiness } from "./simulate";
import { type Endpoint, venvIn, Workspace } from "./workspace";

const PORT = 4560;

/**
 * Runs the whole loop on this machine: the unmodified program in a local cloud, real clients, and a reconciliation of what comes out.
 *
 * @returns exit code: 0 reconciled, 1 not
 * @throws UsageError before anything starts, the signal's reason when it is aborted
 */
export async function runLocally(options: RunOptions, context: CommandContext): Promise<number> {
  const { folder, print, signal, silent } = context;
  const progress = showProgress(signal, silent);
  const plan = await progress.time("read", () => planRun(options, context));
  signal.throwIfAborted();
  for (const warning of plan.warnings) print(`Warning: ${warning}`);
  const workspace = Workspace.open(folder, print);
  const faults: string[] = [];
  const sabotage: { seed?: number } = {};
  try {
    const running = await progress.step("start", "Start the local cloud", () =>
      startCloud({
        factories: allServices({
          glue: { python: () => preparePython({ folder: venvIn(folder) }) },
          personalize: { drawnItems: () => sabotage.seed },
        }),
        stateDir: workspace.stateDir,
        region: plan.stack.config["aws:region"],
        scale: options.scale,
        port: PORT,
        onFault: (error) => void faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      }),
    );
    try {
      const { report, endpoint } = await runInCloud(running, { options, plan, progress, workspace, faults, sabotage, context });
      writeJson(workspace.reportFile, report);
      print(renderReport(report));
      if (options.json !== undefined) writeJson(options.json, report);
      if (options.keep) await keepRunning(endpoint, { file: workspace.endpointFile, tenant: plan.tenant, print, signal });
      return report.status === "reconciled" ? 0 : 1;
    } finally {
      await running.stop();
    }
  } finally {
    workspace.close();
  }
}

/** What a run in a cloud needs. */
interface RunInCloud {
  options: RunOptions;
  plan: RunPlan;
  progress: Progress;
  workspace: Workspace;
  /** Faults of the cloud itself until now. */
  faults: readonly string[];
  /** With a seed, versions are trained on items drawn with it. */
  sabotage: { seed?: number };
  context: CommandContext;
}

async function runInCloud(running: RunningCloud, run: RunInCloud): Promise<{ report: Report; endpoint: Endpoint }> {
  const { options, plan, progress, workspace, faults, sabotage } = run;
  const { print, signal } = run.context;
  const { cloud, owner } = running;
  const account = { endpoint: cloud.endpoint, region: cloud.region, accountId: cloud.account, stack: options.stack, ...accessKeyOf(owner) };
  workspace.writeEndpoint(account);
  const printed: string[] = [];
  const tenants = await progress.step("deploy", `Deploy stack ${options.stack} at ${cloud.endpoint}`, () =>
    deploy(running, plan, signal, printed),
  );
  for (const line of printed) print(line);
  const endpoint: Endpoint = { ...account, tenants };
  workspace.writeEndpoint(endpoint);

  const outputs = tenants[plan.tenant];
  const { pending, ...findings } = await simulateBusiness({
    ...{ running, outputs, plan, options, step: progress.step, signal, print },
    beforeLastRun: () => {
      if (options.sabotageTraining) sabotage.seed = options.seed;
    },
  });
  const problems = [...findings.problems];
  if (pending > 0) problems.push(problem("caughtUp", 0, pending));
  if (faults.length > 0) problems.push(problem("cloud.faults", 0, faults.length, faults));
  if (problems.length > 0) problems.push(...(await deniedPermissions(openStore(workspace.stateDir))));

  const { stack, seed, scale } = options;
  const { stage, tenant } = plan;
  const status: Report["status"] = problems.length === 0 ? "reconciled" : "failed";
  const report: Report = { version: 1, stack, stage, tenant, seed, scale, status, ...findings, problems, seconds: progress.seconds };
  return { report, endpoint };
}

/** An entry of the cloud's log of IAM decisions. */
interface Decision {
  principal: string;
  action: string;
  resource: string;
  decision: "allow" | "deny";
  reason: string;
}

/**
 * Reports the permissions that were denied, the most frequent first: a likely cause of a failed run.
 *
 * @param state the cloud's state, with its log `decisions`
 */
export async function deniedPermissions(state: Pick<Store, "replay">): Promise<Problem[]> {
  const denied = new Map<string, number>();
  let total = 0;
  for await (const entry of state.replay("decisions") as AsyncIterable<unknown> as AsyncIterable<Decision>) {
    if (entry.decision === "allow") continue;
    const text = `${entry.principal} may not ${entry.action} on ${entry.resource}: ${entry.reason}`;
    denied.set(text, (denied.get(text) ?? 0) + 1);
    total += 1;
  }
  const examples = [...denied].sort(([, a], [, b]) => b - a).map(([text, count]) => `${text} (${count} times)`);
  return total === 0 ? [] : [problem("permissions.denied", 0, total, examples)];
}

/** What {@link keepRunning} prints, and until when. */
interface KeepOptions {
  /** Absolute path of endpoint.json. */
  file: string;
  tenant: string;
  print: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Keeps the cloud running for other clients.
 *
 * @throws the signal's reason when it is aborted
 */
async function keepRunning(endpoint: Endpoint, { file, tenant, print, signal }: KeepOptions): Promise<never> {
  for (const line of connectionHelp(endpoint, relative(process.cwd(), file), tenant)) print(line);
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

/**
 * Explains how other clients reach the cloud. The last lines are Python.
 *
 * @param file path of endpoint.json, from where the client is started
 * @param tenant whose producer the example acts as
 */
export function connectionHelp({ endpoint, region, stack }: Endpoint, file: string, tenant: string): string[] {
  return [
    `npm run pipeline -- --stack ${stack} --tenant ${tenant} runs the pipeline again.`,
    `The cloud stays up until Ctrl-C: ${endpoint} in ${region}, with the access keys in ${file}. From Python, for example:`,
    "  import boto3, json",
    `  cloud = json.load(open(${JSON.stringify(file)}))`,
    `  key = cloud["tenants"]["${tenant}"]["producer"]  # or cloud itself: the account's owner`,
    '  kinesis = boto3.client("kinesis", endpoint_url=cloud["endpoint"], region_name=cloud["region"],',
    '      aws_access_key_id=key["accessKeyId"], aws_secret_access_key=key["secretAccessKey"])',
  ];
}
