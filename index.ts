import * as aws from "@pulumi/aws";
import { Catalog } from "./components/catalog/catalog";
import { checkFirst } from "./preflight";
import { DataLake } from "./components/dataLake/dataLake";
import { EventFeed } from "./components/eventFeed/eventFeed";
import { EventForwarder } from "./components/eventForwarder/eventForwarder";
import { InteractionExport } from "./components/interactionExport/interactionExport";
import { type AwsContext, type TenantContext, tenantContext } from "./components/shared/tenantContext";
import { Pipeline } from "./components/pipeline/pipeline";
import { Recommender } from "./components/recommender/recommender";
import { loadConfig, type TenantConfig } from "./config";

async function awsContext(): Promise<AwsContext> {
  const [{ accountId }, { region }, { partition }] = await Promise.all([aws.getCallerIdentity(), aws.getRegion(), aws.getPartition()]);
  return { account: accountId, region, partition };
}

function deployTenant(context: TenantContext, config: TenantConfig) {
  const { tenant, buckets } = context;
  const { protect } = config;
  const { interactionColumns, defaultEventType, eventTypes, protectsDataset, ...recommending } = config.recommender;
  const { streamedEvents, ...exporting } = config.export;

  const lake = new DataLake(`${tenant}-lake`, { context, protect, ...config.lake });
  const { upstream } = lake.arns;
  const recommender = new Recommender(`${tenant}-recommender`, { context, interactionColumns, protect: protectsDataset, ...recommending });
  const feed = new EventFeed(`${tenant}-feed`, { context, upstream, stream: config.stream, delivery: config.delivery, protect });
  const forwarder = new EventForwarder(`${tenant}-forwarder`, {
    context,
    upstream,
    stream: { name: config.stream.name, arn: feed.stream.arn, retentionHours: config.stream.retentionHours },
    trackingId: recommender.trackingId,
    ...config.forwarder,
  });
  const catalog = new Catalog(`${tenant}-catalog`, { context, protect, ...config.catalog });
  const interactionExport = new InteractionExport(`${tenant}-export`, {
    context,
    interactionColumns,
    infra: lake.arns.infra.apply(() => buckets.infra),
    ...exporting,
  });
  const pipeline = new Pipeline(`${tenant}-pipeline`, {
    context,
    interactionColumns,
    defaultEventType,
    eventTypes,
    streamedEvents,
    database: config.catalog.database,
    workgroup: catalog.workgroupName,
    recommender: recommender.resources,
    ...interactionExport.targets,
    ...config.pipeline,
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
  const where = await awsContext();
  await checkFirst(stage, tenants);
  const outputs = tenants.map((config) => {
    const { name: tenant, buckets, logRetentionDays } = config;
    return [tenant, deployTenant(tenantContext({ ...where, tenant, stage, buckets, logRetentionDays }), config)];
  });
  return { tenants: Object.fromEntries(outputs) as Record<string, ReturnType<typeof deployTenant>> };
};
