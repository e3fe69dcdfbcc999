import { KinesisClient } from "@aws-sdk/client-kinesis";
import { PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { type Principal, pulumiProvider, type RunningCloud } from "@c360/local-aws";
import { type OnLog, runProgram } from "@c360/local-pulumi";
import type { RunPlan } from "./plan";
import type { AccessKey } from "./workspace";

/** The program's outputs for a tenant. */
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

/** A tenant's outputs, with users who have the policy of producers alone and, with a campaign, that of consumers alone. */
export type DeployedTenant = TenantOutputs & { producer: AccessKey; consumer?: AccessKey };

/**
 * Runs the program in a local cloud.
 *
 * @param printed receives what the program prints
 * @returns what is deployed, by tenant
 * @throws ProgramFailure
 */
export async function deploy(
  running: RunningCloud,
  { stack, tenant }: Pick<RunPlan, "stack" | "tenant">,
  signal: AbortSignal,
  printed: string[],
): Promise<Record<string, DeployedTenant>> {
  const onLog: OnLog = (severity, message) => {
    if (severity !== "debug") printed.push(`${severity}: ${message}`);
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

/** A principal's access key as other clients read it. */
export function accessKeyOf({ credentials: { accessKeyId, secretAccessKey } }: Principal): AccessKey {
  return { accessKeyId, secretAccessKey };
}

/** Clients of a tenant's part of the cloud. */
export interface TenantClients {
  /** Acts as the account's owner. */
  s3: S3Client;
  /** Acts as the account's owner. */
  sfn: SFNClient;
  /** Acts as the account's owner. */
  streams: KinesisClient;
  /** Acts as the dashboards, with the producers' policy alone. */
  kinesis: KinesisClient;
  /** Acts as the dashboards that show recommendations, with the consumers' policy alone. Undefined without a campaign. */
  runtime?: PersonalizeRuntimeClient;
}

/** Connects to a tenant's part of a cloud. */
export function connect({ cloud, owner }: RunningCloud, { producer, consumer }: DeployedTenant): TenantClients {
  const settings = { endpoint: cloud.endpoint, region: cloud.region, credentials: owner.credentials };
  return {
    s3: new S3Client(settings),
    sfn: new SFNClient(settings),
    streams: new KinesisClient(settings),
    kinesis: new KinesisClient({ ...settings, credentials: producer }),
    ...(consumer && { runtime: new PersonalizeRuntimeClient({ ...settings, credentials: consumer }) }),
  };
}
