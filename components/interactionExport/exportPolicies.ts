import type { ExportLocations } from "./exportLocations";
import { arnsOf } from "../shared/arns";
import { eventPrefixes, type Scope } from "../shared/naming";
import { functionStatements, type Location, policy, type Policy, readStatements, type Statement } from "../shared/policies";

/** What looking at the historical drops needs. */
export function historyPolicy(scope: Scope, { bucket, keyPrefix, logGroup }: Location & { logGroup: string }): Policy {
  return policy(...readStatements(scope, bucket, [eventPrefixes(keyPrefix).history]), ...functionStatements(scope, logGroup));
}

/** What the function that joins a run's parts needs; it looks for what an invocation before has done already. */
export function exportFunctionPolicy(places: ExportLocations, logGroup: string): Policy {
  const { scope, buckets, work } = places;
  const findWork: Statement = {
    Sid: "FindWork",
    Effect: "Allow",
    Action: "s3:ListBucket",
    Resource: arnsOf(scope).bucket(buckets.cache),
    Condition: { StringLike: { "s3:prefix": `${work}*` } },
  };
  return policy(...exportStatements(places), findWork, ...functionStatements(scope, logGroup));
}

/** What the Glue job that joins a run's parts needs: its script, the modules of that and its log groups besides. */
export function exportJobPolicy(places: ExportLocations, logGroups: string[]): Policy {
  const { scope, buckets, script, modules } = places;
  const arns = arnsOf(scope);
  const readScript: Statement = {
    Sid: "ReadScript",
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: [script, ...modules].map((key) => arns.object(buckets.infra, key)),
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
  const { scope, buckets, work, input, manifest } = places;
  const arns = arnsOf(scope);
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

function partsStatements({ scope, buckets, source, parts, results }: ExportLocations): Statement[] {
  if (source !== undefined) return readStatements(scope, buckets.lake, [source]);
  const arns = arnsOf(scope);
  const Resource = [arns.objects(buckets.cache, parts), arns.objects(buckets.cache, results)];
  return [{ Sid: "ReadParts", Effect: "Allow", Action: "s3:GetObject", Resource }];
}
