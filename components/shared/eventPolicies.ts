import { arnsOf, viaService } from "./arns";
import { eventPrefixes, type Scope } from "./naming";
import {
  FAILED_BATCHES,
  functionStatements,
  type Location,
  ON_SHARED_BUCKETS,
  ONLY_ON_STAR,
  policy,
  type Policy,
  trustPolicy,
} from "./policies";

/** Trust of the delivery role; Firehose passes the account's id as external id. */
export function deliveryTrust({ account }: Scope): Policy {
  return trustPolicy("firehose.amazonaws.com", { StringEquals: { "sts:ExternalId": account } });
}

/** What Firehose needs to bring a stream into a bucket. */
export function deliveryPolicy(scope: Scope, target: Location & { stream: string; logGroup: string; logStream: string }): Policy {
  const arns = arnsOf(scope);
  const { latest, errors } = eventPrefixes(target.keyPrefix);
  const objects = [arns.objects(target.bucket, latest), arns.objects(target.bucket, errors)];
  return policy(
    {
      Sid: "ReadStream",
      Effect: "Allow",
      Action: ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"],
      Resource: arns.stream(target.stream),
    },
    {
      Sid: "WriteObjects",
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
      Resource: objects,
    },
    {
      Sid: "UseBucket",
      Effect: "Allow",
      Action: ON_SHARED_BUCKETS.bucket,
      Resource: arns.bucket(target.bucket),
    },
    { Sid: "LogErrors", Effect: "Allow", Action: "logs:PutLogEvents", Resource: arns.logStream(target.logGroup, target.logStream) },
    {
      Sid: "UseStreamKey",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: arns.anyKey(),
      Condition: {
        StringEquals: {
          "kms:ViaService": viaService(scope, "kinesis"),
          "kms:EncryptionContext:aws:kinesis:arn": arns.stream(target.stream),
        },
      },
    },
    {
      Sid: "UseObjectKeys",
      Effect: "Allow",
      Action: ON_SHARED_BUCKETS.bucketKey,
      Resource: arns.anyKey(),
      Condition: {
        StringEquals: { "kms:ViaService": viaService(scope, "s3") },
        StringLike: { "kms:EncryptionContext:aws:s3:arn": [arns.bucket(target.bucket), ...objects] },
      },
    },
  );
}

/** What a dashboard needs to send events. */
export function producerPolicy(scope: Scope, stream: string): Policy {
  const Action = ["kinesis:PutRecord", "kinesis:PutRecords"];
  return policy({ Sid: "PutEvents", Effect: "Allow", Action, Resource: arnsOf(scope).stream(stream) });
}

/** What the forwarder needs: its stream, its tracker, its dead letters and Lambda's failure destination, its log. */
export function forwarderPolicy(scope: Scope, target: Location & { stream: string; logGroup: string }): Policy {
  const arns = arnsOf(scope);
  const { deadLetters } = eventPrefixes(target.keyPrefix);
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
      Resource: arns.stream(target.stream),
    },
    { Sid: "SendEvents", Effect: "Allow", Action: ONLY_ON_STAR.personalize, Resource: "*" },
    {
      Sid: "KeepFailures",
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: [arns.objects(target.bucket, deadLetters), arns.objects(target.bucket, FAILED_BATCHES)],
    },
    {
      Sid: "ListFailures",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: arns.bucket(target.bucket),
      Condition: { StringLike: { "s3:prefix": [`${deadLetters}*`, `${FAILED_BATCHES}*`] } },
    },
    ...functionStatements(scope, target.logGroup),
  );
}
