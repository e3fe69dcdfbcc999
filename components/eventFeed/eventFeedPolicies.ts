import { eventPrefixes } from "../shared/naming";
import { ON_SHARED_BUCKETS, policy, type Policy, trustPolicy } from "../shared/policies";
import { arnsOf, type AwsContext, type TenantContext, viaService } from "../shared/tenantContext";

/** What a delivery stream reads, and where it logs errors; all by name. */
export interface DeliveryTarget {
  stream: string;
  logGroup: string;
  logStream: string;
}

/** Trust of the delivery role; Firehose passes the account's id as external id. */
export function deliveryTrust({ account }: AwsContext): Policy {
  return trustPolicy("firehose.amazonaws.com", { StringEquals: { "sts:ExternalId": account } });
}

/** What Firehose needs to bring a stream into a bucket. */
export function deliveryPolicy(context: TenantContext, target: DeliveryTarget): Policy {
  const arns = arnsOf(context);
  const bucket = context.buckets.upstream;
  const { latest, errors } = eventPrefixes(context.keyPrefix);
  const objects = [arns.objects(bucket, latest), arns.objects(bucket, errors)];
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
      Resource: arns.bucket(bucket),
    },
    { Sid: "LogErrors", Effect: "Allow", Action: "logs:PutLogEvents", Resource: arns.logStream(target.logGroup, target.logStream) },
    {
      Sid: "UseStreamKey",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: arns.anyKey(),
      Condition: {
        StringEquals: {
          "kms:ViaService": viaService(context, "kinesis"),
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
        StringEquals: { "kms:ViaService": viaService(context, "s3") },
        StringLike: { "kms:EncryptionContext:aws:s3:arn": [arns.bucket(bucket), ...objects] },
      },
    },
  );
}

/** What a dashboard needs to send events. */
export function producerPolicy(context: AwsContext, stream: string): Policy {
  const Action = ["kinesis:PutRecord", "kinesis:PutRecords"];
  return policy({ Sid: "PutEvents", Effect: "Allow", Action, Resource: arnsOf(context).stream(stream) });
}
