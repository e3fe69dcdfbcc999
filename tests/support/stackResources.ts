import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildCloud, type ClosedCloud, type Json, pulumiProvider } from "@c360/local-aws";
import { disclose, type Resource, runProgram } from "@c360/local-pulumi";
import { readProgramStack } from "../../local/stack";
import { texts } from "./settings";

/** A resource of the unmodified program; unknown inputs are null, and policies, definitions and desired states are parsed. */
export type StackResource = Resource;

/** What the program registered for a stack. */
export interface StackResources {
  stack: string;
  resources: StackResource[];
  /** The stack's outputs; what is not known is null. */
  outputs: Json;
  /** Information and warnings of the program. */
  printed: string[];
  /** The one resource of a type and name. @throws Error when there is none, or more than one */
  get: (type: string, name: string) => StackResource;
}

const REPOSITORY = resolve(__dirname, "../..");
/** Inputs that are JSON documents. */
const DOCUMENTS = ["policy", "assumeRolePolicy", "desiredState", "definition"];

/** Waits of the services pass at once. */
const SCALE = 1e6;

const runs = new Map<string, Promise<StackResources[]>>();

/**
 * Previews the program with the local engine; equal arguments share one run of this process.
 *
 * @param stack its file is read where there is one; any other name is a personal stage
 * @param settings by key below the project's namespace, over the stack file's; structured values are objects
 * @throws ProgramFailure
 */
export async function stackResources(stack: string, settings: Record<string, unknown> = {}): Promise<StackResources> {
  const [previewed] = await once({ [stack]: settings }, true);
  return previewed;
}

/**
 * Deploys stacks one after the other into one account, so that nothing is unknown and no two of them may use one name.
 * Equal arguments share one run of this process.
 *
 * @param stacks settings by stack, as {@link stackResources} takes them
 * @throws ProgramFailure
 */
export function deployedStacks(stacks: Record<string, Record<string, unknown>>): Promise<StackResources[]> {
  return once(stacks, false);
}

function once(stacks: Record<string, Record<string, unknown>>, dryRun: boolean): Promise<StackResources[]> {
  const key = JSON.stringify([stacks, dryRun]);
  let found = runs.get(key);
  if (found === undefined) {
    found = withClosedCloud(async (cloud) => {
      const done: StackResources[] = [];
      for (const [stack, settings] of Object.entries(stacks)) done.push(await run(cloud, stack, settings, dryRun));
      return done;
    });
    runs.set(key, found);
  }
  return found;
}

async function withClosedCloud<T>(use: (cloud: ClosedCloud) => Promise<T>): Promise<T> {
  const stateDir = mkdtempSync(join(tmpdir(), "c360-stack-"));
  try {
    return await use(buildCloud({ stateDir, scale: SCALE }));
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function run(cloud: ClosedCloud, name: string, settings: Record<string, unknown>, dryRun: boolean): Promise<StackResources> {
  const stack = await readProgramStack(REPOSITORY, name);
  const printed: string[] = [];
  const onLog = (severity: string, message: string) => void (severity !== "debug" && printed.push(message));
  const config = { ...stack.config, ...texts({ tenants: undefined, ...settings }) };
  const { resources, outputs } = await runProgram({ ...stack, config, provider: pulumiProvider(cloud), dryRun, onLog });
  const all = [...resources.values()].map((resource) => ({ ...resource, inputs: documented(disclose(resource.inputs) as Json) }));
  const get = (type: string, wanted: string) => {
    const found = all.filter((resource) => resource.type === type && resource.name === wanted);
    if (found.length !== 1) throw new Error(`expected one ${type} "${wanted}" in stack ${name}, found ${found.length}`);
    return found[0];
  };
  return { stack: name, resources: all, outputs, printed, get };
}

function documented(inputs: Json): Json {
  const parsed = (key: string, value: unknown): unknown =>
    DOCUMENTS.includes(key) && typeof value === "string" ? (JSON.parse(value) as unknown) : value;
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, parsed(key, value)]));
}
