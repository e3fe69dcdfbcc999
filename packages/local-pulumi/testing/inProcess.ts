import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state";
import { ProgramFailure, Problems } from "../src/problems";
import { Resources } from "../src/resources";
import type { Deployment, RunOptions } from "../src/run";
import { ORGANIZATION } from "../src/runner";
import { engineService, monitorService } from "../src/services";
import "../src/preload/noStacks.cjs";

/** Internals of the SDK, with which its Automation API runs inline programs. */
const { withLocalStorage, getStore, awaitFeatureSupport } = { ...state, ...pulumi.runtime } as unknown as {
  withLocalStorage: <T>(run: () => Promise<T>) => Promise<T>;
  getStore: () => { settings: { engine?: unknown } };
  awaitFeatureSupport: () => Promise<void>;
};

const prepareStackTrace = Error.prepareStackTrace?.bind(Error);
let running = 0;

/**
 * Runs a program in this process, against the services that {@link runProgram} offers to a process of its own: many times faster,
 * because neither Node nor the compiler nor the SDK starts again. Programs may run one after the other and side by side.
 *
 * @param program as `index.ts` exports it
 * @throws ProgramFailure when a resource or a function fails; otherwise whatever the program throws
 */
export async function runInProcess(
  program: () => unknown,
  { provider, dryRun = false, deployed, onLog = () => {}, ...stack }: Omit<RunOptions, "signal" | "preload">,
): Promise<Deployment> {
  let fail = (): void => {};
  const failed = new Promise<void>((resolve) => (fail = resolve));
  const problems = new Problems(fail);
  const resources = new Resources({ ...stack, dryRun, deployed }, provider);
  let thrown: { error: unknown } | undefined;
  // A program that throws is complete for the SDK, so that everything that it registered settles.
  const caught = async (): Promise<unknown> => {
    try {
      return await program();
    } catch (error) {
      thrown = { error };
      return {};
    }
  };
  const run = async (): Promise<void> => {
    pulumi.runtime.setMockOptions(client(monitorService(resources, problems)), stack.project, stack.stack, dryRun, ORGANIZATION);
    getStore().settings.engine = client(engineService(resources, problems, stack.programDir, onLog));
    pulumi.runtime.setAllConfig(stack.config);
    await awaitFeatureSupport();
    await pulumi.runtime.runInPulumiStack(caught);
    await pulumi.runtime.disconnect();
  };
  running += 1;
  // The SDK formats a stack for every promise and resource, and mapping the frames to TypeScript takes longer than the program itself.
  Error.prepareStackTrace = String;
  try {
    // What waits for a resource that failed waits forever.
    await Promise.race([withLocalStorage(run), failed]);
  } finally {
    running -= 1;
    if (running === 0) Error.prepareStackTrace = prepareStackTrace;
  }
  if (problems.any) throw new ProgramFailure(problems.list);
  if (thrown !== undefined) throw thrown.error;
  return { resources: resources.all, outputs: resources.outputs ?? {} };
}

type Answer = (error: Error | null, response?: unknown) => void;
type Handler = (call: { request: unknown }, answer: Answer) => void;

/** Calls a service's methods without a connection. */
function client(service: UntypedServiceImplementation): Record<string, (request: unknown, answer: Answer) => void> {
  const methods = Object.entries(service as unknown as Record<string, Handler>).map(([name, handle]) => [
    name,
    (request: unknown, answer: Answer) =>
      handle({ request }, (error, response) => answer(error && Object.assign(new Error(error.message), error), response)),
  ]);
  return Object.fromEntries(methods) as Record<string, (request: unknown, answer: Answer) => void>;
}
