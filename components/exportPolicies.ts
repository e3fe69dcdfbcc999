import { arnsOf, cachePrefixes, eventPrefixes, inputKeys, type Scope } from "./naming";
import { functionStatements, type Location, policy, type Policy, readStatements, type Statement } from "./policies";

/** What looking at the historical drops needs. */
export function historyPolicy(scope: Scope, { bucket, keyPrefix, logGroup }: Location & { logGroup: string }): Policy {
  return policy(...readStatements(scope, bucket, [eventPrefixes(keyPrefix).history]), ...functionStatements(scope, logGroup));
}

/** Where parts come from and where the CSV goes. */
export interface ExportPlaces {
  /** Bucket of the parts and of the queries' manifests. */
  cache: string;
  downstream: string;
  /** Empty, or the stage and a slash. */
  keyPrefix: string;
  logGroup: string;
}

/** What joining a run's parts needs: to read parts and manifests, and to replace the CSV and its manifest, nothing else. */
export function exportPolicy(scope: Scope, { cache, downstream, keyPrefix, logGroup }: ExportPlaces): Policy {
  const arns = arnsOf(scope);
  const { parts, inflated, results } = cachePrefixes(keyPrefix);
  const { input, manifest } = inputKeys(keyPrefix);
  const readParts: Statement = {
    Sid: "ReadParts",
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: [arns.objects(cache, parts), arns.objects(cache, results)],
  };
  const keepWork: Statement = {
    Sid: "KeepWork",
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
    Resource: arns.objects(cache, inflated),
  };
  const findWork: Statement = {
    Sid: "FindWork",
    Effect: "Allow",
    Action: "s3:ListBucket",
    Resource: arns.bucket(cache),
    Condition: { StringLike: { "s3:prefix": `${inflated}*` } },
  };
  const replaceInput: Statement = {
    Sid: "ReplaceInput",
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
    Resource: [arns.object(downstream, input), arns.object(downstream, manifest)],
  };
  const findInput: Statement = {
    Sid: "FindInput",
    Effect: "Allow",
    Action: "s3:ListBucket",
    Resource: arns.bucket(downstream),
    Condition: { StringEquals: { "s3:prefix": [input, manifest] } },
  };
  return policy(readParts, keepWork, findWork, replaceInput, findInput, ...functionStatements(scope, logGroup));
}
