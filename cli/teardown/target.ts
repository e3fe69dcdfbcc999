import { PersonalizeClient } from "@aws-sdk/client-personalize";
import { SFNClient } from "@aws-sdk/client-sfn";
import type { Owner } from "../../components/shared/naming";
import { accountSettings, checkTenant, localCloud, localSettings } from "../place";
import { readSettings } from "../../local/prepare";
import type { CommandOptions } from "./options";

/** How often things are looked at, in a local cloud and in an account, whose calls are rationed. */
const POLL_MS = { local: 100, deployed: 10_000 };

/** Where things are torn down, and whose. */
export interface Target {
  personalize: PersonalizeClient;
  sfn: SFNClient;
  region: string;
  owners: Owner[];
  /** Milliseconds between two looks. */
  pollMs: number;
}

/** Where to look. */
export interface TargetOptions extends Pick<CommandOptions, "stack" | "tenant"> {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
}

/**
 * Finds where a stack is: in the local cloud when one runs that it is deployed to, else in the account that the SDK's own
 * credentials are for.
 *
 * @throws UsageError when stack or tenant are unknown, Error when the local cloud is still deployed to
 */
export async function findTarget({ stack, tenant, programDir, folder }: TargetOptions): Promise<Target> {
  const cloud = localCloud(stack, folder);
  const { stage, tenants, stack: program } = await readSettings(programDir, cloud?.stack ?? stack);
  const known = tenants.map(({ name }) => name);
  if (cloud !== undefined && cloud.tenants === undefined) {
    throw new Error(`the local cloud at ${cloud.endpoint} is not complete yet: npm start is still deploying it`);
  }
  const chosen = tenant === undefined ? known : [checkTenant(tenant, known, `stack ${stack}`)];
  const client = cloud === undefined ? accountSettings(program.config["aws:region"]) : localSettings(cloud);
  return {
    personalize: new PersonalizeClient(client),
    sfn: new SFNClient(client),
    region: client.region,
    owners: chosen.map((name) => ({ tenant: name, stage })),
    pollMs: POLL_MS[cloud === undefined ? "deployed" : "local"],
  };
}
