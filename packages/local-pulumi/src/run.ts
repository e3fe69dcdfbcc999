import { Server, ServerCredentials } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import { ProgramFailure, Problems, oneLine } from "./problems";
import { type Provider, type Resource, Resources } from "./resources";
import { FIXES, type RunnerExit, startRunner } from "./runner";
import { engineService, monitorService, type OnLog } from "./services";
import type { Stack } from "./stack";
import type { Json } from "./wire";

/** What to run, and how. */
export interface RunOptions extends Stack {
  /** Creates the resources and answers the functions. */
  provider: Provider;
  /** Checks what the program would create, and creates nothing. @default false */
  dryRun?: boolean;
  /** Outputs of the stack's last deployment, which the program may read. @default it was never deployed */
  deployed?: Json;
  /** @default messages are dropped */
  onLog?: OnLog;
  /** Absolute paths of modules that Node.js loads first. @default this package's fixes for the program runner */
  preload?: readonly string[];
  /** Kills the program when it is aborted. */
  signal?: AbortSignal;
}

/** What a program registered. */
export interface Deployment {
  /** By URN, in order of registration. */
  resources: Map<string, Resource>;
  /** The stack's outputs, plain. Null stands for what is unknown in a dry run. */
  outputs: Json;
}

/** How long a program that has failed may take to exit by itself. */
const GRACE_MS = 5_000;
/** The SDK's own limit. */
const MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Runs a Pulumi program and lets a provider create its resources.
 *
 * @throws ProgramFailure with every problem; the signal's reason when it is aborted
 */
export async function runProgram({
  provider,
  dryRun = false,
  deployed,
  onLog = () => {},
  preload = FIXES,
  signal,
  ...stack
}: RunOptions): Promise<Deployment> {
  signal?.throwIfAborted();
  let kill = (): void => {};
  let grace: NodeJS.Timeout | undefined;
  const problems = new Problems(() => (grace = setTimeout(() => kill(), GRACE_MS)));
  const resources = new Resources({ ...stack, dryRun, deployed }, provider);
  const server = new Server({ "grpc.max_receive_message_length": MESSAGE_BYTES, "grpc.max_send_message_length": MESSAGE_BYTES });
  server.addService(ResourceMonitorService, monitorService(resources, problems));
  server.addService(EngineService, engineService(resources, problems, stack.programDir, onLog));
  try {
    const runner = startRunner(stack, preload, await listen(server), dryRun, (line) => problems.any || onLog("info", line));
    kill = () => runner.kill();
    signal?.addEventListener("abort", kill, { once: true });
    if (signal?.aborted) kill();
    const exit = await runner.exit;
    signal?.throwIfAborted();
    if (!problems.any) checkExit(exit, resources, problems);
    if (problems.any) throw new ProgramFailure(problems.list);
    return { resources: resources.all, outputs: resources.outputs ?? {} };
  } finally {
    clearTimeout(grace);
    signal?.removeEventListener("abort", kill);
    server.forceShutdown();
  }
}

/** The runner exits with 0 even after some errors: a program is complete when it has registered its outputs. */
function checkExit({ code, signal, stderr }: RunnerExit, resources: Resources, problems: Problems): void {
  const printed = stderr.length === 0 ? "" : `: ${oneLine(stderr.join("\n"))}`;
  if (signal !== null) problems.add({ message: `the program was killed by ${signal}${printed}` });
  else if (code !== 0) problems.add({ message: `the program exited with code ${code}${printed}` });
  else if (resources.outputs === undefined) {
    problems.add({
      message: "the program exited before it was complete: it waits for a promise that never settles, or calls process.exit",
    });
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}
