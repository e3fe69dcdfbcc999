import * as aws from "@pulumi/aws";
import { Catalog } from "./components/catalog/catalog";
import { DataLake } from "./components/dataLake/dataLake";
import { EventFeed } from "./components/eventFeed/eventFeed";
import { EventForwarder } from "./components/eventForwarder/eventForwarder";
import { InteractionExport } from "./components/interactionExport/interactionExport";
import { Notices } from "./components/notices/notices";
import { Pipeline } from "./components/pipeline/pipeline";
import { Recommender } from "./components/recommender/recommender";
import { withPlainErrors } from "./components/shared/plainErrors";
import { type AwsContext, type TenantContext, tenantContext } from "./components/shared/tenantContext";
import type { TenantConfig } from "./config";
import { loadConfig } from "./config/load";
import { preflight } from "./preflight";

async function awsContext(): Promise<AwsContext> {
  const [{ accountId }, { region }, { partition }] = await Promise.all([aws.getCallerIdentity(), aws.getRegion(), aws.getPartition()]);
  return { account: accountId, region, partition };
}

/** A component depends on all that it uses by name, so that nothing is destroyed before its users. */
function deployTenant(context: TenantContext, config: TenantConfig) {
  const { tenant, buckets } = context;
  const { interactionColumns } = config;

  const lake = new DataLake(`${tenant}-lake`, { context, ...config.lake });
  const { upstream } = lake.arns;
  const feed = new EventFeed(`${tenant}-feed`, { context, upstream, ...config.feed }, { dependsOn: lake });
  const recommender = new Recommender(`${tenant}-recommender`, { context, interactionColumns, ...config.recommender });
  const forwarder = new EventForwarder(
    `${tenant}-forwarder`,
    { context, upstream, stream: feed.stream, trackingId: recommender.trackingId, ...config.forwarder },
    { dependsOn: lake },
  );
  const catalog = new Catalog(`${tenant}-catalog`, { context, ...config.catalog }, { dependsOn: lake });
  const interactionExport = new InteractionExport(
    `${tenant}-export`,
    { context, interactionColumns, ...config.export },
    { dependsOn: lake },
  );
  const notices = new Notices(`${tenant}-notices`, { context, ...config.notices });
  const pipeline = new Pipeline(
    `${tenant}-pipeline`,
    {
      context,
      interactionColumns,
      database: catalog.databaseName,
      workgroup: catalog.workgroupName,
      recommender: recommender.resources,
      noticesTopicArn: notices.topicArn,
      ...interactionExport.targets,
      ...config.pipeline,
    },
    { dependsOn: [lake, recommender, catalog, interactionExport, notices] },
  );

  return {
    buckets,
    lake: config.lake.lake,
    streamName: feed.stream.name,
    streamArn: feed.stream.arn,
    streamMode: config.feed.stream?.mode ?? "provisioned",
    shards: feed.stream.shards,
    deliveryStreamName: feed.deliveryStream.name,
    functionName: forwarder.function.name,
    trackingId: recommender.trackingId,
    producerPolicyArn: feed.producerPolicy.arn,
    schemaName: recommender.schemaName,
    recommenderProtected: recommender.schemaName === undefined ? undefined : config.recommender.protect,
    interactionColumns,
    database: catalog.databaseName,
    workgroupName: catalog.workgroupName,
    stateMachineArn: pipeline.stateMachine.arn,
    noticesTopicArn: notices.topicArn,
    campaignArn: recommender.resources.campaign?.arn,
    recommendationsPolicyArn: recommender.recommendationsPolicy?.arn,
  };
}

export = withPlainErrors(async () => {
  const { stage, tenants } = loadConfig();
  const where = await awsContext();
  await preflight(stage, where.region, tenants);
  const outputs = tenants.map((config) => {
    const { name: tenant, buckets, logRetentionDays } = config;
    return [tenant, deployTenant(tenantContext({ ...where, tenant, stage, buckets, logRetentionDays }), config)];
  });
  return { tenants: Object.fromEntries(outputs) as Record<string, ReturnType<typeof deployTenant>> };
});
