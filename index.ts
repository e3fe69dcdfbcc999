import * as aws from "@pulumi/aws";
import { requireBuckets } from "./components/adoptedBuckets";
import { DataLake } from "./components/dataLake";
import { keepDeployedSchemas } from "./components/deployedSchemas";
import { EventFeed } from "./components/eventFeed";
import { EventForwarder } from "./components/eventForwarder";
import type { Scope } from "./components/naming";
import { Recommender } from "./components/recommender";
import { loadConfig, type TenantConfig } from "./config";

/** Where the stack is deployed, known before any resource is made, so that policies hold no unknown value. */
async function whereabouts(): Promise<Pick<Scope, "account" | "region" | "partition">> {
  const [{ accountId }, { region }, { partition }] = await Promise.all([aws.getCallerIdentity(), aws.getRegion(), aws.getPartition()]);
  return { account: accountId, region, partition };
}

function protectsDataset({ recommender, protect }: TenantConfig): boolean {
  return recommender.protect ?? protect;
}

/** Stops what can be known to go wrong before anything is made. */
async function checkFirst(stage: string, tenants: TenantConfig[]): Promise<void> {
  const adopting = tenants.filter(({ lake }) => lake.lake === "existing");
  const keeping = tenants.filter((tenant) => protectsDataset(tenant) && !tenant.recommender.existing);
  await requireBuckets(
    stage,
    adopting.map(({ name, lake }) => ({ tenant: name, buckets: lake.buckets })),
  );
  await keepDeployedSchemas(
    keeping.map(({ name, recommender }) => ({ tenant: name, stage, interactionColumns: recommender.interactionColumns })),
  );
}

function deployTenant(scope: Scope, config: TenantConfig) {
  const { name, keyPrefix, logRetentionDays, protect } = config;

  const lake = new DataLake(`${name}-lake`, { scope, keyPrefix, protect, ...config.lake });
  const upstream = { name: lake.buckets.upstream, arn: lake.arns.upstream, keyPrefix };
  const recommender = new Recommender(`${name}-recommender`, {
    scope,
    downstream: { name: lake.buckets.downstream, keyPrefix },
    interactionColumns: config.recommender.interactionColumns,
    existing: config.recommender.existing,
    protect: protectsDataset(config),
  });
  const feed = new EventFeed(`${name}-feed`, {
    scope,
    stream: config.stream,
    delivery: config.delivery,
    upstream,
    logRetentionDays,
    protect,
  });
  const forwarder = new EventForwarder(`${name}-forwarder`, {
    scope,
    stream: { name: config.stream.name, arn: feed.stream.arn, retentionHours: config.stream.retentionHours },
    upstream,
    trackingId: recommender.trackingId,
    logRetentionDays,
    ...config.forwarder,
  });

  return {
    buckets: lake.buckets,
    streamName: feed.stream.name,
    streamArn: feed.stream.arn,
    deliveryStreamName: feed.deliveryStream.name,
    functionName: forwarder.function.name,
    trackingId: recommender.trackingId,
    producerPolicyArn: feed.producerPolicy.arn,
    schemaName: recommender.schemaName,
    interactionColumns: config.recommender.interactionColumns,
  };
}

export = async () => {
  const { stage, tenants } = loadConfig();
  const where = await whereabouts();
  await checkFirst(stage, tenants);
  const outputs = tenants.map((config) => [config.name, deployTenant({ ...where, stage, tenant: config.name }, config)]);
  return { tenants: Object.fromEntries(outputs) as Record<string, ReturnType<typeof deployTenant>> };
};
