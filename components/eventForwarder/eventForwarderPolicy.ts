import { eventPrefixes } from "../shared/naming";
import { FAILED_BATCHES, functionStatements, ONLY_ON_STAR, policy, type Policy } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";

/** What the forwarder needs: its stream, its tracker, its dead letters and Lambda's failure destination, its log. */
export function forwarderPolicy(context: TenantContext, { stream, logGroup }: { stream: string; logGroup: string }): Policy {
  const arns = arnsOf(context);
  const bucket = context.buckets.upstream;
  const { deadLetters } = eventPrefixes(context.keyPrefix);
  return policy(
    {
      Sid: "ReadStream",
      Effect: "Allow",
      Action: [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
      ],
      Resource: arns.stream(stream),
    },
    { Sid: "SendEvents", Effect: "Allow", Action: ONLY_ON_STAR.personalize, Resource: "*" },
    {
      Sid: "KeepFailures",
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: [arns.objects(bucket, deadLetters), arns.objects(bucket, FAILED_BATCHES)],
    },
    {
      Sid: "ListFailures",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: arns.bucket(bucket),
      Condition: { StringLike: { "s3:prefix": [`${deadLetters}*`, `${FAILED_BATCHES}*`] } },
    },
    ...functionStatements(context, logGroup),
  );
}
