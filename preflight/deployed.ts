import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { TenantConfig } from "../config";

/** An output that an older program did not write, or wrote otherwise, is undefined. */
const optional = <T extends z.ZodType>(type: T) => type.optional().catch(undefined);

const tenantOutputs = z.object({
  lake: optional(z.enum(["create", "existing"])),
  buckets: optional(z.record(z.string(), z.string())),
  streamName: optional(z.string()),
  streamArn: optional(z.string()),
  streamMode: optional(z.enum(["provisioned", "on-demand"])),
  shards: optional(z.number()),
  deliveryStreamName: optional(z.string()),
  schemaName: optional(z.string()),
  interactionColumns: optional(z.array(z.string())),
  recommenderProtected: optional(z.boolean()),
  campaignArn: optional(z.string()),
});

/** Outputs of a tenant's last deployment that the checks read. */
export type DeployedTenant = z.infer<typeof tenantOutputs>;

const stackOutputs = z.object({ tenants: z.record(z.string(), tenantOutputs).catch({}) }).catch({ tenants: {} });

/** A tenant as it is deployed, and as its settings want it. */
export interface Change {
  stage: string;
  /** Of the stack's AWS provider. */
  region: string;
  tenant: TenantConfig;
  last: DeployedTenant;
}

/** A line to print before anything is created. A refusal also stops the run. */
export interface Finding {
  kind: "refusal" | "warning";
  line: string;
}

export const refusal = (line: string): Finding => ({ kind: "refusal", line });
export const warning = (line: string): Finding => ({ kind: "warning", line });

/**
 * Reads the outputs of the stack's last deployment by the engine's function behind stack references. A StackReference to the own stack
 * would do the same as a resource, but its failure cannot be caught: https://github.com/pulumi/pulumi/issues/3540
 *
 * @returns tenants by name; none when the stack was never deployed. When the outputs cannot be read, a warning says so.
 */
export async function deployedTenants(): Promise<Record<string, DeployedTenant>> {
  try {
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as { outputs?: unknown };
    return stackOutputs.parse(outputs).tenants;
  } catch (error) {
    const [reason] = (error as Error).message.trim().split("\n");
    await pulumi.log.warn(`the settings are not compared with the last deployment, because its outputs cannot be read: ${reason}`);
    return {};
  }
}
