import * as aws from "@pulumi/aws";
import { Catalog } from "./components/catalog/catalog";
import { checkFirst } from "./preflight";
import { DataLake } from "./components/dataLake/dataLake";
import { EventFeed } from "./components/eventFeed/eventFeed";
import { EventForwarder } from "./components/eventForwarder/eventForwarder";
import { InteractionExport } from "./components/interactionExport/interactionExport";
import type { Scope } from "./components/shared/naming";
import { Pipeline } from "./components/pipeline/pipeline";
import { Recommender } from "./components/recommender/recommender";
import { loadConfig, type TenantConfig } from "./config";

/** Where the stack is deployed, known before any resource is made, so that policies hold no unknown value. */
async function whereabouts(): Promise<Pick<Scope, "account" | "region" | "partition">> {
  const [{ accountId }, { region }, { partition }] = await Promise.all([aws.getCallerIdentity(), aws.getRegion(), aws.getPartition()]);
  return { account: accountId, region, partition };
}

function deployTenant(scope: Scope, config: TenantConfig) {
  const { name, keyPrefix, logRetentionDays, protect } = config;
  const { interactionColumns, defaultEventType, eventTypes, protectsDataset, ...recommending } = config.recommender;

  const lake = new DataLake(`${name}-lake`, { scope, keyPrefix, protect, ...config.lake });
  const { buckets } = lake;
  const upstream = { name: buckets.upstream, arn: lake.arns.upstream, keyPrefix };
  const recommender = new Recommender(`${name}-recommender`, {
    ...{ scope, interactionColumns, protect: protectsDataset, ...recommending },
    downstream: { name: buckets.downstream, keyPrefix },
  });
  const feed = new EventFeed(`${name}-feed`, {
    ...{ scope, upstream, logRetentionDays, protect },
    stream: config.stream,
    delivery: config.delivery,
  });
  const forwarder = new EventForwarder(`${name}-forwarder`, {
    ...{ scope, upstream, logRetentionDays, trackingId: recommender.trackingId },
    stream: { name: config.stream.name, arn: feed.stream.arn, retentionHours: config.stream.retentionHours },
    ...config.forwarder,
  });
  const catalog = new Catalog(`${name}-catalog`, { scope, buckets, keyPrefix, protect, ...config.catalog });
  const { streamedEvents, ...exporting } = config.export;
  const interactionExport = new InteractionExport(`${name}-export`, {
    ...{ scope, buckets, keyPrefix, interactionColumns, logRetentionDays, ...exporting },
    infra: lake.arns.infra.apply(() => buckets.infra),
  });
  const pipeline = new Pipeline(`${name}-pipeline`, {
    ...{ scope, buckets, keyPrefix, interactionColumns, defaultEventType, eventTypes, logRetentionDays },
    database: config.catalog.database,
    workgroup: catalog.workgroupName,
    recommender: recommender.resources,
    ...{ streamedEvents, ...interactionExport.targets, ...config.pipeline },
  });

  return {
    buckets,
    streamName: feed.stream.name,
    streamArn: feed.stream.arn,
    deliveryStreamName: feed.deliveryStream.name,
    functionName: forwarder.function.name,
    trackingId: recommender.trackingId,
    producerPolicyArn: feed.producerPolicy.arn,
    schemaName: recommender.schemaName,
    interactionColumns,
    database: catalog.database.name,
    workgroupName: catalog.workgroup.name,
    stateMachineArn: pipeline.stateMachine.arn,
    campaignArn: recommender.resources.campaign?.arn,
    recommendationsPolicyArn: recommender.recommendationsPolicy?.arn,
  };
}

export = async () => {
  const { stage, tenants } = loadConfig();
  const where = await whereabouts();
  await checkFirst(stage, tenants);
  const outputs = tenants.map((config) => [config.name, deployTenant({ ...where, stage, tenant: config.name }, config)]);
  return { tenants: Object.fromEntries(outputs) as Record<string, ReturnType<typeof deployTenant>> };
};
