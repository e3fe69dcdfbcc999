import { paginateListStateMachines, SFNClient } from "@aws-sdk/client-sfn";
import { physicalName } from "../../components/shared/naming";
import { accountSettings, checkTenant, inAccount, localCloud, localSettings } from "../place";
import { readSettings } from "../../local/prepare";
import type { Endpoint } from "../../local/workspace";
import type { CommandOptions } from "./options";

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
  const cloud = localCloud(options.stack, options.folder);
  return cloud === undefined ? deployedTarget(options) : localTarget(cloud, options);
}

function localTarget(cloud: Endpoint, { tenant }: TargetOptions): Target {
  const { endpoint, region, tenants } = cloud;
  if (tenants === undefined) throw new Error(`the local cloud at ${endpoint} has no state machine yet: npm start is still deploying it`);
  const known = Object.keys(tenants);
  const { stateMachineArn } = tenants[checkTenant(tenant ?? known[0], known, `the local cloud at ${endpoint}`)];
  return { sfn: new SFNClient(localSettings(cloud)), stateMachineArn, region, endpoint };
}

async function deployedTarget({ stack, tenant, programDir, signal }: TargetOptions): Promise<Target> {
  const settings = await readSettings(programDir, stack);
  const known = settings.tenants.map(({ name }) => name);
  const owner = { tenant: checkTenant(tenant ?? known[0], known, `stack ${stack}`), stage: settings.stage };
  const machine = physicalName("stateMachine", owner, "pipeline");
  const region = settings.stack.config["aws:region"];
  const sfn = new SFNClient(accountSettings(region));
  return inAccount(stack, async () => {
    for await (const { stateMachines = [] } of paginateListStateMachines({ client: sfn }, {}, { abortSignal: signal })) {
      const found = stateMachines.find(({ name }) => name === machine);
      if (found?.stateMachineArn !== undefined) return { sfn, stateMachineArn: found.stateMachineArn, region };
    }
    throw new Error(`stack ${stack} has no state machine ${machine} in ${region}: deploy it first`);
  });
}
