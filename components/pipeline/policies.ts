import type { Exporter, PartsOrigin } from "../interactionExport/exportLocations";
import { cachePrefixes, eventPrefixes, interactionsPrefix } from "../shared/naming";
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
import { arnsOf, type AwsContext, type TenantContext } from "../shared/tenantContext";
import type { RecommenderResources } from "../recommender/recommenderResources";
import { recommenderStatements } from "../recommender/recommenderPolicies";
import { TABLES } from "../catalog/tableFormats";

/** Whom a state machine calls, and what its queries read and write. */
export interface PipelinePolicyArgs {
  context: TenantContext;
  database: string;
  workgroup: string;
  /** What joins the parts to the CSV. */
  exporter: Exporter;
  /** Where the parts come from. */
  parts: PartsOrigin;
  /** What the CSV is imported into, and what is trained and deployed. */
  recommender: RecommenderResources;
  train: "never" | "afterExport" | "weekly";
  /** Name of the state machine. */
  stateMachine: string;
}

/** Trust of the pipeline's role: its own state machine alone. */
export function stateMachineTrust(context: AwsContext, stateMachine: string): Policy {
  return trustPolicy("states.amazonaws.com", {
    StringEquals: { "aws:SourceAccount": context.account },
    ArnLike: { "aws:SourceArn": arnsOf(context).stateMachine(stateMachine) },
  });
}

/** Trust of the schedule's role; the scheduler names the group: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
export function scheduleTrust(context: AwsContext): Policy {
  return trustPolicy("scheduler.amazonaws.com", {
    StringEquals: { "aws:SourceAccount": context.account, "aws:SourceArn": arnsOf(context).defaultScheduleGroup() },
  });
}

/** What the schedule needs: to start the pipeline. */
export function schedulePolicy(context: AwsContext, stateMachine: string): Policy {
  return policy(allow("StartPipeline", "states:StartExecution", arnsOf(context).stateMachine(stateMachine)));
}

/** What the state machine needs: a statement for each service that its states call, and what Athena reads and writes for it. */
export function pipelinePolicy(places: PipelinePolicyArgs): Policy {
  const { context, parts, stateMachine } = places;
  return policy(
    allow("TakeTurns", ["states:ListExecutions"], arnsOf(context).stateMachine(stateMachine)),
    ...exporterStatements(places),
    ...("sourcePrefix" in parts ? [] : [...queryStatements(places), ...lakeStatements(places)]),
    ...recommenderStatements(places),
    allow("DeliverLogs", ONLY_ON_STAR.logDelivery, "*"),
    allow("Trace", [...ONLY_ON_STAR.xray, ...ONLY_ON_STAR.sampling], "*"),
  );
}

/** The functions that it invokes, or the job that it runs and whose answer it reads: https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html */
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
  const tables = [TABLES.events, TABLES.history, TABLES.interactions].map((table) => arns.table(database, table));
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
    list("lake", [table]),
    list("cache", [parts, results]),
    allow("ReadUpstream", "s3:GetObject", [arns.objects(buckets.upstream, latest), arns.objects(buckets.upstream, history)]),
    allow("KeepTable", ["s3:GetObject", ...write, "s3:DeleteObject"], arns.objects(buckets.lake, table)),
    allow("WriteParts", write, arns.objects(buckets.cache, parts)),
    allow("KeepResults", ["s3:GetObject", ...write], arns.objects(buckets.cache, results)),
  ];
}
