import { type Principal, pulumiProvider, type RunningCloud } from "@c360/local-aws";
import { type OnLog, runProgram } from "@c360/local-pulumi";
import type { Preparation } from "./prepare";
import type { AccessKey } from "./workspace";

/** A tenant's outputs of the program, as far as the loop needs them. */
export interface TenantOutputs {
  buckets: Record<"upstream" | "lake" | "downstream", string>;
  streamName: string;
  trackingId: string;
  producerPolicyArn: string;
  stateMachineArn: string;
  /** With a campaign. */
  campaignArn?: string;
  /** With a campaign. */
  recommendationsPolicyArn?: string;
}

/** A tenant's outputs, a user with just the producers' policy and, with a campaign, one who may just ask it. */
export type DeployedTenant = TenantOutputs & { producer: AccessKey; consumer?: AccessKey };

/**
 * Runs the program in a local cloud.
 *
 * @param said takes what the program says
 * @returns what is deployed, by tenant
 */
export async function deploy(
  running: RunningCloud,
  { stack, tenant }: Pick<Preparation, "stack" | "tenant">,
  signal: AbortSignal,
  said: string[],
): Promise<Record<string, DeployedTenant>> {
  const onLog: OnLog = (severity, message) => {
    if (severity !== "debug") said.push(`${severity}: ${message}`);
  };
  const { outputs } = await runProgram({ ...stack, provider: pulumiProvider(running), signal, onLog });
  const { tenants } = outputs as { tenants?: Record<string, TenantOutputs> };
  if (!tenants?.[tenant]) throw new Error(`stack ${stack.stack} must have the output tenants.${tenant}, it has ${JSON.stringify(outputs)}`);
  const deployed = Object.entries(tenants).map(([name, outputs]): [string, DeployedTenant] => {
    const { producerPolicyArn, recommendationsPolicyArn } = outputs;
    const keyOf = (role: string, policyArn: string): AccessKey => accessKeyOf(running.user(`${name}-${role}`, [policyArn]));
    const consumer = recommendationsPolicyArn === undefined ? {} : { consumer: keyOf("consumer", recommendationsPolicyArn) };
    return [name, { ...outputs, producer: keyOf("producer", producerPolicyArn), ...consumer }];
  });
  return Object.fromEntries(deployed);
}

/** A principal's key as other clients use it. */
export function accessKeyOf({ credentials: { accessKeyId, secretAccessKey } }: Principal): AccessKey {
  return { accessKeyId, secretAccessKey };
}
