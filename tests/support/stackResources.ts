import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCloud, type ClosedCloud, type Json, pulumiProvider } from "@c360/local-aws";
import { disclose, type Provider, type Resource, type Stack } from "@c360/local-pulumi";
import { runInProcess } from "@c360/local-pulumi/testing";
import { readProgramStack } from "../../cli/shared/stack";
import { REPOSITORY } from "./program";
import { texts } from "./settings";

/** A resource of the program; unknown inputs are null, and policies, definitions and desired states are parsed. */
export type StackResource = Resource;

/** What the program registered for a stack. */
export interface StackResources {
  stack: string;
  resources: StackResource[];
  /** As the engine keeps them, by URN: inputs in wire form. */
  registered: Map<string, Resource>;
  /** The stack's outputs; what is not known is null. */
  outputs: Json;
  /** Information and warnings of the program. */
  printed: string[];
  /** The one resource of a type and name. @throws Error when there is none, or more than one */
  get: (type: string, name: string) => StackResource;
}

/** How to run the program. */
export interface ProgramOptions {
  /** @default the local cloud's */
  provider?: Provider;
  /** Whether nothing is created, so that what AWS would decide stays unknown. @default false */
  dryRun?: boolean;
  /** Outputs of the stack's last deployment. @default it was never deployed */
  deployed?: Json;
}

/** Inputs that are JSON documents. */
const DOCUMENTS = ["policy", "assumeRolePolicy", "desiredState", "definition"];

/** Waits of the services pass at once. */
const SCALE = 1e6;

const runs = new Map<string, Promise<StackResources[]>>();

/**
 * Previews the program against the local cloud, in this process; equal arguments share one run.
 *
 * @param stack its file is read where there is one; any other name is a personal stage
 * @param settings by key below the project's namespace, over the stack file's; structured values are objects
 * @throws RunError of the program, or ProgramFailure
 */
export async function stackResources(stack: string, settings: Record<string, unknown> = {}): Promise<StackResources> {
  const [previewed] = await once({ [stack]: settings }, true);
  return previewed;
}

/**
 * Deploys stacks one after the other into one account of the local cloud, so that nothing is unknown and no two of them may use one
 * name. Equal arguments share one run.
 *
 * @param stacks settings by stack, as {@link stackResources} takes them
 * @throws RunError of the program, or ProgramFailure
 */
export function deployedStacks(stacks: Record<string, Record<string, unknown>>): Promise<StackResources[]> {
  return once(stacks, false);
}

/**
 * Gives a task an account of the local cloud in which nothing is deployed yet.
 *
 * @returns what the task returns, when the account is gone
 */
export async function withAccount<T>(use: (cloud: ClosedCloud) => Promise<T>): Promise<T> {
  const stateDir = mkdtempSync(join(tmpdir(), "c360-stack-"));
  try {
    return await use(buildCloud({ stateDir, scale: SCALE }));
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Reads a stack of the program, with settings as {@link stackResources} takes them. */
export async function stackWith(name: string, settings: Record<string, unknown> = {}, programDir = REPOSITORY): Promise<Stack> {
  const stack = await readProgramStack(programDir, name);
  return { ...stack, config: { ...stack.config, ...texts({ tenants: undefined, ...settings }) } };
}

/**
 * Runs the unmodified program in this process.
 *
 * @throws RunError of the program, or ProgramFailure
 */
export async function runStack(stack: Stack, { provider, ...options }: ProgramOptions = {}): Promise<StackResources> {
  if (provider === undefined) return withAccount((cloud) => runStack(stack, { ...options, provider: pulumiProvider(cloud) }));
  const program = (await import("../..")) as unknown as () => Promise<unknown>;
  const printed: string[] = [];
  const onLog = (severity: string, message: string) => void (severity !== "debug" && printed.push(`${severity}: ${message}`));
  const { resources: registered, outputs } = await runInProcess(program, { ...stack, ...options, provider, onLog });
  const all = [...registered.values()].map((resource) => ({ ...resource, inputs: documented(disclose(resource.inputs) as Json) }));
  const get = (type: string, wanted: string) => {
    const found = all.filter((resource) => resource.type === type && resource.name === wanted);
    if (found.length !== 1) throw new Error(`expected one ${type} "${wanted}" in stack ${stack.stack}, found ${found.length}`);
    return found[0];
  };
  return { stack: stack.stack, resources: all, registered, outputs, printed, get };
}

function once(stacks: Record<string, Record<string, unknown>>, dryRun: boolean): Promise<StackResources[]> {
  const key = JSON.stringify([stacks, dryRun]);
  let found = runs.get(key);
  if (found === undefined) {
    found = withAccount(async (cloud) => {
      const done: StackResources[] = [];
      for (const [name, settings] of Object.entries(stacks)) {
        done.push(await runStack(await stackWith(name, settings), { provider: pulumiProvider(cloud), dryRun }));
      }
      return done;
    });
    runs.set(key, found);
  }
  return found;
}

function documented(inputs: Json): Json {
  const parsed = (key: string, value: unknown): unknown =>
    DOCUMENTS.includes(key) && typeof value === "string" ? (JSON.parse(value) as unknown) : value;
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, parsed(key, value)]));
}
