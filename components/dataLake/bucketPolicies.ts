import { type Condition, fromPersonalize, readStatements, type Statement } from "../shared/policies";
import { arnsOf, type AwsContext } from "../shared/tenantContext";

/** Denies every request without TLS. */
export function denyInsecureTransport(context: AwsContext, bucket: string): Statement {
  const arns = arnsOf(context);
  return {
    Sid: "DenyInsecureTransport",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arns.bucket(bucket), arns.objects(bucket, "")],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

/** Lets S3 write the access logs of other buckets below `s3_access/`. */
export function admitAccessLogs(context: AwsContext, bucket: string, sources: string[]): Statement {
  const arns = arnsOf(context);
  return {
    Sid: "AccessLogs",
    Effect: "Allow",
    Principal: { Service: "logging.s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: arns.objects(bucket, "s3_access/"),
    Condition: { StringEquals: { "aws:SourceAccount": context.account }, ArnLike: { "aws:SourceArn": sources.map(arns.bucket) } },
  };
}

/**
 * Lets Personalize read below the prefixes of a bucket.
 *
 * @param prefixes end with a slash; may hold `*`
 * @param sourceConditions whether to admit only requests that Personalize makes for this account's resources
 */
export function admitPersonalize(context: AwsContext, bucket: string, prefixes: string[], sourceConditions: boolean): Statement[] {
  return readStatements(context, bucket, prefixes).map(({ Sid, Effect, Condition, ...rest }) => {
    const condition = both(Condition ?? {}, sourceConditions ? fromPersonalize(context) : {});
    return {
      Sid: `Personalize${Sid}`,
      Effect,
      Principal: { Service: "personalize.amazonaws.com" },
      ...rest,
      ...(Object.keys(condition).length > 0 && { Condition: condition }),
    };
  });
}

function both(first: Condition, second: Condition): Condition {
  const operators = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  return Object.fromEntries(operators.map((operator) => [operator, { ...first[operator], ...second[operator] }]));
}
