import { allServices, openStore, preparePython, type RunningCloud, startCloud } from "@c360/local-aws";
import { deniedPermissions } from "./denied";
import { accessKeyOf, deploy } from "./deploy";
import type { Options } from "../cli/startOptions";
import { play } from "./play";
import type { Preparation } from "./prepare";
import { showProgress } from "./progress";
import { problem, type Report } from "./report";
import type { Endpoint, Workspace } from "./workspace";

const PORT = 4560;

/** What a run needs. */
export interface LoopOptions {
  options: Options;
  preparation: Preparation;
  workspace: Workspace;
  /** Ends the run, and with it everything that it started. */
  signal: AbortSignal;
  /** Takes what the program says. */
  print: (line: string) => void;
  /** Shows no progress. @default false */
  silent?: boolean;
  /** Takes the report; the cloud answers at the endpoint until it resolves. */
  onReport: (report: Report, endpoint: Endpoint) => Promise<void>;
}

/**
 * The whole loop on this machine: the unmodified program, real clients, and a reconciliation of what came out.
 *
 * @throws the signal's reason when it is aborted
 */
export async function runLoop({ options, preparation, workspace, signal, print, silent, onReport }: LoopOptions): Promise<void> {
  const { stack, stage, tenant } = preparation;
  const progress = showProgress(signal, silent);
  const { step, seconds } = progress;
  progress.add("read", preparation.milliseconds);
  const faults: string[] = [];
  const running = await step("start", "Start the local cloud", () =>
    startCloud({
      factories: allServices({ glue: { python: () => preparePython({ folder: workspace.venv }) } }),
      stateDir: workspace.stateDir,
      region: stack.config["aws:region"],
      scale: options.scale,
      port: PORT,
      onFault: (error) => void faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    }),
  );
  try {
    const owner = endpointOf(running, options.stack);
    workspace.writeEndpoint(owner);
    const said: string[] = [];
    const tenants = await step("deploy", `Deploy stack ${options.stack} at ${running.cloud.endpoint}`, () =>
      deploy(running, preparation, signal, said),
    );
    for (const line of said) print(line);
    const endpoint: Endpoint = { ...owner, tenants };
    workspace.writeEndpoint(endpoint);
    const outputs = tenants[tenant];
    const { pending, ...findings } = await play({ ...{ running, outputs, preparation, options, signal, print }, step: progress.step });
    signal.throwIfAborted();
    const problems = [...findings.problems];
    if (pending > 0) problems.push(problem("caughtUp", 0, pending));
    if (faults.length > 0) problems.push(problem("cloud.faults", 0, faults.length, faults));
    if (problems.length > 0) problems.push(...(await deniedPermissions(openStore(workspace.stateDir))));
    const { seed, scale } = options;
    const status: Report["status"] = problems.length === 0 ? "reconciled" : "failed";
    const header = { stack: options.stack, stage, tenant, seed, scale, status };
    await onReport({ version: 1, ...header, ...findings, problems, seconds }, endpoint);
  } finally {
    await running.stop();
  }
}

function endpointOf({ cloud, owner }: RunningCloud, stack: string): Endpoint {
  return { endpoint: cloud.endpoint, region: cloud.region, accountId: cloud.account, stack, ...accessKeyOf(owner) };
}
