import * as pulumi from "@pulumi/pulumi";
import { stageDefaults } from "../config/stages";
import { type DeployedTenant, type Finding, warning } from "./deployed";

/** Says what happens to the data of tenants that are deployed and no longer in the settings. */
export function findRemovedTenants(stage: string, deployed: Record<string, DeployedTenant>, tenants: readonly string[]): Finding[] {
  const removed = Object.entries(deployed).filter(([tenant]) => !tenants.includes(tenant));
  return removed.map(([tenant, last]) =>
    warning(
      `tenant ${tenant} is no longer in the settings: its stream is deleted with the records that nobody has read yet, ` +
        `${last.schemaName === undefined ? "" : "its dataset group with every event that was streamed into it, "}and its tables' definitions; ` +
        `${bucketsOf(stage, last)}. ` +
        `Run npm run teardown -- --stack ${pulumi.getStack()} --tenant ${tenant} before this update, while the tenant is in the settings` +
        `${stageDefaults(stage).protect ? ", and then pulumi state unprotect for what is protected" : ""}. ` +
        "To rename a tenant is to remove it and to add another: no data moves",
    ),
  );
}

function bucketsOf(stage: string, { lake }: DeployedTenant): string {
  const { lake: defaultLake, forceDestroy } = stageDefaults(stage);
  if ((lake ?? defaultLake) === "existing") return "its adopted buckets stay as they are";
  return forceDestroy ? "its buckets are deleted with all their data" : "its buckets stay, outside the stack";
}
