import { allow, policy, type Policy, readStatements, type Statement } from "../shared/policies";
import { arnsOf } from "../shared/tenantContext";
import type { ExportLocations } from "./exportLocations";

/** What the export function may do; it looks for what an earlier invocation has written already. */
export function exportFunctionStatements(locations: ExportLocations): Statement[] {
  const { context, work } = locations;
  const findWork = allow("FindWork", "s3:ListBucket", arnsOf(context).bucket(context.buckets.cache), {
    StringLike: { "s3:prefix": `${work}*` },
  });
  return [...exportStatements(locations), findWork];
}

/** What the Glue job may do: beside the export, read its script with all modules and write its log groups. */
export function exportJobPolicy(locations: ExportLocations, logGroups: string[]): Policy {
  const { context, script, modules } = locations;
  const arns = arnsOf(context);
  return policy(
    ...exportStatements(locations),
    allow(
      "ReadScript",
      "s3:GetObject",
      [script, ...modules].map((key) => arns.object(context.buckets.infra, key)),
    ),
    allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], logGroups.map(arns.logStreams)),
  );
}

/** What either engine may do: read parts, keep intermediate objects, and replace the CSV and its manifest. */
function exportStatements(locations: ExportLocations): Statement[] {
  const { context, work, input, manifest } = locations;
  const { cache, downstream } = context.buckets;
  const arns = arnsOf(context);
  const readWrite = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"];
  return [
    ...partsStatements(locations),
    allow("KeepWork", readWrite, arns.objects(cache, work)),
    allow("ReplaceInput", readWrite, [arns.object(downstream, input), arns.object(downstream, manifest)]),
    allow("FindInput", "s3:ListBucket", arns.bucket(downstream), { StringEquals: { "s3:prefix": [input, manifest] } }),
  ];
}

function partsStatements({ context, source, parts, results }: ExportLocations): Statement[] {
  const { lake, cache } = context.buckets;
  if (source !== undefined) return readStatements(context, lake, [source]);
  const arns = arnsOf(context);
  return [allow("ReadParts", "s3:GetObject", [arns.objects(cache, parts), arns.objects(cache, results)])];
}
