import { Server, ServerCredentials } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import type { Json } from "./wire";
import type { OnLog } from "./engineLog";
import { engineService } from "./engineLog";
import { monitorService } from "./monitor";
import { ProgramFailure, Problems, oneLine } from "./problems";
import type { Provider } from "./provider";
import type { Resource } from "./resources";
import { Resources } from "./resources";
import type { RunnerEnd } from "./runner";
import { startRunner } from "./runner";
import type { Stack } from "./stack";

export interface RunOptions extends Stack {
  provider: Provider;
  /** Only check what the program would create. @default false */
  dryRun?: boolean;
  /** Outputs of the stack's last deployment, which the program may ask for. @default it was never deployed */
  deployed?: Json;
  /** @default nothing is told */
  onLog?: OnLog;
  /** Ends the program when it is aborted. */
  signal?: AbortSignal;
}

/** What a program made. */
export interface Deployment {
  /** By URN, in order of registration. */
  resources: Map<string, Resource>;
  /** The stack's outputs, plain; what is not known in a dry run is null. */
  outputs: Json;
}

/** How long a program that has failed may take to end by itself. */
const GRACE_MS = 5_000;
/** As large as the SDK's own limit. */
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
    const runner = startRunner(stack, await listen(server), dryRun, (line) => problems.any || onLog("info", line));
    kill = () => runner.kill();
    signal?.addEventListener("abort", kill, { once: true });
    if (signal?.aborted) kill();
    const end = await runner.ended;
    signal?.throwIfAborted();
    if (!problems.any) judge(end, resources, problems);
    if (problems.any) throw new ProgramFailure(problems.list);
    return { resources: resources.all, outputs: resources.outputs ?? {} };
  } finally {
    clearTimeout(grace);
    signal?.removeEventListener("abort", kill);
    server.forceShutdown();
  }
}

function judge({ code, signal, stderr }: RunnerEnd, resources: Resources, problems: Problems): void {
  const said = stderr.length === 0 ? "" : `: ${oneLine(stderr.join("\n"))}`;
  if (signal !== null) problems.add({ message: `the program was ended by ${signal}${said}` });
  else if (code !== 0) problems.add({ message: `the program ended with exit code ${code}${said}` });
  else if (resources.outputs === undefined) {
    problems.add({ message: "the program ended before it was complete: it waits for something that never comes, or calls process.exit" });
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}
