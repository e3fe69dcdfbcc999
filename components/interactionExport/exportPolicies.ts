import type { ExportLocations } from "./exportLocations";
import { eventPrefixes } from "../shared/naming";
import { functionStatements, policy, type Policy, readStatements, type Statement } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";

/** What looking at the historical drops needs. */
export function historyPolicy(context: TenantContext, logGroup: string): Policy {
  const { history } = eventPrefixes(context.keyPrefix);
  return policy(...readStatements(context, context.buckets.upstream, [history]), ...functionStatements(context, logGroup));
}

/** What the function that joins a run's parts needs; it looks for what an invocation before has done already. */
export function exportFunctionPolicy(places: ExportLocations, logGroup: string): Policy {
  const { context, work } = places;
  const findWork: Statement = {
    Sid: "FindWork",
    Effect: "Allow",
    Action: "s3:ListBucket",
    Resource: arnsOf(context).bucket(context.buckets.cache),
    Condition: { StringLike: { "s3:prefix": `${work}*` } },
  };
  return policy(...exportStatements(places), findWork, ...functionStatements(context, logGroup));
}

/** What the Glue job that joins a run's parts needs: its script, the modules of that and its log groups besides. */
export function exportJobPolicy(places: ExportLocations, logGroups: string[]): Policy {
  const { context, script, modules } = places;
  const arns = arnsOf(context);
  const readScript: Statement = {
    Sid: "ReadScript",
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: [script, ...modules].map((key) => arns.object(context.buckets.infra, key)),
  };
  const log: Statement = {
    Sid: "Log",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: logGroups.map((group) => arns.logStreams(group)),
  };
  return policy(...exportStatements(places), readScript, log);
}

/** Reading parts, keeping work, and replacing the CSV and its manifest: what either engine does, and nothing else. */
function exportStatements(places: ExportLocations): Statement[] {
  const { context, work, input, manifest } = places;
  const { buckets } = context;
  const arns = arnsOf(context);
  const keep = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"];
  return [
    ...partsStatements(places),
    { Sid: "KeepWork", Effect: "Allow", Action: keep, Resource: arns.objects(buckets.cache, work) },
    {
      Sid: "ReplaceInput",
      Effect: "Allow",
      Action: keep,
      Resource: [arns.object(buckets.downstream, input), arns.object(buckets.downstream, manifest)],
    },
    {
      Sid: "FindInput",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: arns.bucket(buckets.downstream),
      Condition: { StringEquals: { "s3:prefix": [input, manifest] } },
    },
  ];
}

function partsStatements({ context, source, parts, results }: ExportLocations): Statement[] {
  const { buckets } = context;
  if (source !== undefined) return readStatements(context, buckets.lake, [source]);
  const arns = arnsOf(context);
  const Resource = [arns.objects(buckets.cache, parts), arns.objects(buckets.cache, results)];
  return [{ Sid: "ReadParts", Effect: "Allow", Action: "s3:GetObject", Resource }];
}
