import { TABLES } from "../catalog/tableFormats";
import { recommenderStatements } from "../recommender/recommenderPolicies";
import { cachePrefixes, eventPrefixes, historyDescriptionsPrefix, interactionsPrefix } from "../shared/naming";
import {
  allow,
  ON_ACCOUNT_CATALOG,
  ON_SHARED_BUCKETS,
  ONLY_ON_STAR,
  policy,
  type Policy,
  type Statement,
  trustPolicy,
} from "../shared/policies";
import { arnsOf, type AwsContext } from "../shared/tenantContext";
import type { DefinitionArgs } from "./definition";

/** What the policy depends on. */
export interface PipelinePolicyArgs extends Pick<
  DefinitionArgs,
  "context" | "database" | "workgroup" | "exporter" | "parts" | "recommender" | "train" | "noticesTopicArn"
> {
  /** Name of the state machine. */
  stateMachine: string;
}

/** Trust policy of the pipeline's role: only its own state machine may assume it. */
export function stateMachineTrust(context: AwsContext, stateMachine: string): Policy {
  return trustPolicy("states.amazonaws.com", {
    StringEquals: { "aws:SourceAccount": context.account },
    ArnLike: { "aws:SourceArn": arnsOf(context).stateMachine(stateMachine) },
  });
}

/** Trust policy of the schedule's role; the source is the schedule's group: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
export function scheduleTrust(context: AwsContext): Policy {
  return trustPolicy("scheduler.amazonaws.com", {
    StringEquals: { "aws:SourceAccount": context.account, "aws:SourceArn": arnsOf(context).defaultScheduleGroup() },
  });
}

/** Policy of the schedule's role: it may start the pipeline. */
export function schedulePolicy(context: AwsContext, stateMachine: string): Policy {
  return policy(allow("StartPipeline", "states:StartExecution", arnsOf(context).stateMachine(stateMachine)));
}

/** Policy of the pipeline's role: the calls of its states, and what Athena reads and writes on its behalf. */
export function pipelinePolicy(args: PipelinePolicyArgs): Policy {
  const { context, parts, stateMachine } = args;
  return policy(
    allow("AcquireLock", ["states:ListExecutions"], arnsOf(context).stateMachine(stateMachine)),
    ...exporterStatements(args),
    ...("sourcePrefix" in parts ? [] : [...queryStatements(args), ...lakeStatements(args)]),
    ...recommenderStatements(args),
    ...(args.train === "never" ? [] : [allow("PublishNotices", ["sns:Publish"], args.noticesTopicArn)]),
    allow("DeliverLogs", ONLY_ON_STAR.logDelivery, "*"),
    allow("Trace", [...ONLY_ON_STAR.xray, ...ONLY_ON_STAR.sampling], "*"),
  );
}

/** The functions to invoke, or the Glue job to run and its result to read: https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html */
function exporterStatements({ context, exporter, parts }: PipelinePolicyArgs): Statement[] {
  const { buckets, keyPrefix } = context;
  const arns = arnsOf(context);
  const functionArns = [
    ...("historyFunctionArn" in parts ? [parts.historyFunctionArn] : []),
    ...(exporter.engine === "lambda" ? [exporter.functionArn] : []),
  ];
  const statements = functionArns.length === 0 ? [] : [allow("InvokeFunctions", ["lambda:InvokeFunction"], functionArns)];
  if (exporter.engine === "lambda") return statements;
  const runJob = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"];
  return [
    ...statements,
    allow("RunJob", runJob, arns.job(exporter.jobName)),
    allow("ReadAnswer", ["s3:GetObject"], arns.object(buckets.cache, `${cachePrefixes(keyPrefix).inflated}*.json`)),
  ];
}

function queryStatements({ context, database, workgroup }: PipelinePolicyArgs): Statement[] {
  const arns = arnsOf(context);
  const catalog = [arns.catalog(), arns.database(database)];
  const tables = [TABLES.events, TABLES.history, TABLES.descriptions, TABLES.interactions].map((table) => arns.table(database, table));
  return [
    allow(
      "RunQueries",
      ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution"],
      arns.workgroup(workgroup),
    ),
    allow("UseGlueCatalog", ON_ACCOUNT_CATALOG.dataCatalog, arns.glueDataCatalog()),
    allow("ReadCatalog", ON_ACCOUNT_CATALOG.read, [...catalog, ...tables]),
    allow("FindDefaultDatabase", ON_ACCOUNT_CATALOG.defaultDatabase, [arns.catalog(), arns.database("default")]),
    allow("PublishPartitions", ON_ACCOUNT_CATALOG.publish, [...catalog, arns.table(database, TABLES.interactions)]),
  ];
}

/** https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html */
function lakeStatements({ context }: PipelinePolicyArgs): Statement[] {
  const { buckets, keyPrefix } = context;
  const arns = arnsOf(context);
  const { latest, history } = eventPrefixes(keyPrefix);
  const { parts, results } = cachePrefixes(keyPrefix);
  const table = interactionsPrefix(keyPrefix);
  const descriptions = historyDescriptionsPrefix(keyPrefix);
  const write = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
  const list = (zone: "upstream" | "lake" | "cache", prefixes: string[]): Statement => ({
    ...allow(`List${zone[0].toUpperCase()}${zone.slice(1)}`, "s3:ListBucket", arns.bucket(buckets[zone])),
    Condition: { StringLike: { "s3:prefix": prefixes.map((prefix) => `${prefix}*`) } },
  });
  return [
    allow("LocateBuckets", ON_SHARED_BUCKETS.location, [
      arns.bucket(buckets.upstream),
      arns.bucket(buckets.lake),
      arns.bucket(buckets.cache),
    ]),
    list("upstream", [latest, history]),
    list("lake", [table, descriptions]),
    list("cache", [parts, results]),
    allow("ReadUpstream", "s3:GetObject", [arns.objects(buckets.upstream, latest), arns.objects(buckets.upstream, history)]),
    allow("ReadDescriptions", "s3:GetObject", arns.objects(buckets.lake, descriptions)),
    allow("KeepTable", ["s3:GetObject", ...write, "s3:DeleteObject"], arns.objects(buckets.lake, table)),
    allow("WriteParts", write, arns.objects(buckets.cache, parts)),
    allow("KeepResults", ["s3:GetObject", ...write], arns.objects(buckets.cache, results)),
  ];
}
