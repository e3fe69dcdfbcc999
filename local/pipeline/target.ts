import { readFileSync } from "node:fs";
import { join } from "node:path";
import { paginateListStateMachines, SFNClient } from "@aws-sdk/client-sfn";
import { physicalName } from "../../components/naming";
import { readSettings } from "../prepare";
import { UsageError } from "../usageError";
import { isAlive, type Endpoint } from "../workspace";
import type { CommandOptions } from "./options";

/** Calls while an execution is watched: one that fails for a while must not end a watch of hours. */
const MAX_ATTEMPTS = 10;

/** The pipeline of a tenant, and who may start it. */
export interface Target {
  sfn: SFNClient;
  stateMachineArn: string;
  region: string;
  /** Of a local cloud. */
  endpoint?: string;
}

/** Where to look. */
export interface TargetOptions extends Pick<CommandOptions, "stack" | "tenant"> {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
  signal: AbortSignal;
}

/**
 * Finds a tenant's state machine: in the local cloud when one runs that the stack is deployed to, else in the account that the
 * SDK's own credentials are for.
 *
 * @throws UsageError when stack or tenant are unknown, Error when the state machine is not there
 */
export async function findTarget(options: TargetOptions): Promise<Target> {
  const { stack, folder } = options;
  const cloud = readEndpoint(folder);
  if (cloud !== undefined && (stack === "local" || stack === cloud.stack)) return localTarget(cloud, options);
  if (stack === "local") throw new UsageError("--stack local needs a local cloud that runs: npm start -- --keep leaves one");
  return deployedTarget(options);
}

function localTarget({ endpoint, region, accessKeyId, secretAccessKey, tenants }: Endpoint, { tenant }: TargetOptions): Target {
  if (tenants === undefined) throw new Error(`the local cloud at ${endpoint} has no state machine yet: npm start is still deploying it`);
  const { stateMachineArn } = tenants[chosen(tenant, Object.keys(tenants), `the local cloud at ${endpoint}`)];
  return { sfn: new SFNClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } }), stateMachineArn, region, endpoint };
}

async function deployedTarget({ stack, tenant, programDir, signal }: TargetOptions): Promise<Target> {
  const settings = await readSettings(programDir, stack);
  const known = settings.tenants.map(({ name }) => name);
  const machine = physicalName("stateMachine", { tenant: chosen(tenant, known, `stack ${stack}`), stage: settings.stage }, "pipeline");
  const region = settings.stack.config["aws:region"];
  const sfn = new SFNClient({ region, maxAttempts: MAX_ATTEMPTS });
  try {
    for await (const { stateMachines = [] } of paginateListStateMachines({ client: sfn }, {}, { abortSignal: signal })) {
      const found = stateMachines.find(({ name }) => name === machine);
      if (found?.stateMachineArn !== undefined) return { sfn, stateMachineArn: found.stateMachineArn, region };
    }
  } catch (error) {
    if ((error as Error).name !== "CredentialsProviderError") throw error;
    throw new Error(`stack ${stack} is looked up on AWS, for which there are no credentials; the local cloud is --stack local`);
  }
  throw new Error(`stack ${stack} has no state machine ${machine} in ${region}: deploy it first`);
}

function chosen(tenant: string | undefined, known: string[], where: string): string {
  const name = tenant ?? known[0];
  if (name === undefined || !known.includes(name)) {
    throw new UsageError(`--tenant must be one of ${where} (${known.join(", ")}), got ${JSON.stringify(name ?? null)}`);
  }
  return name;
}

/** The local cloud that runs; undefined when none does. */
function readEndpoint(folder: string): Endpoint | undefined {
  try {
    const endpoint = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as Endpoint & { pid: number };
    return isAlive(endpoint.pid) ? endpoint : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
