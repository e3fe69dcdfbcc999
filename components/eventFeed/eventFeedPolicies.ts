import { eventPrefixes } from "../shared/naming";
import { allow, ON_SHARED_BUCKETS, policy, type Policy, trustPolicy } from "../shared/policies";
import { arnsOf, type AwsContext, type TenantContext, viaService } from "../shared/tenantContext";

/** Physical names of the stream that a delivery stream reads and of the log stream that it writes errors to. */
export interface DeliveryNames {
  stream: string;
  logGroup: string;
  logStream: string;
}

/** Trust of the delivery role; Firehose passes the account's id as external id. */
export function deliveryTrust({ account }: AwsContext): Policy {
  return trustPolicy("firehose.amazonaws.com", { StringEquals: { "sts:ExternalId": account } });
}

/** What Firehose may do: read the stream, write objects to upstream and log errors. */
export function deliveryPolicy(context: TenantContext, { stream, logGroup, logStream }: DeliveryNames): Policy {
  const arns = arnsOf(context);
  const bucket = arns.bucket(context.buckets.upstream);
  const { latest, errors } = eventPrefixes(context.keyPrefix);
  const objects = [latest, errors].map((prefix) => arns.objects(context.buckets.upstream, prefix));
  const read = ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"];
  return policy(
    allow("ReadStream", read, arns.stream(stream)),
    allow("WriteObjects", ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], objects),
    allow("UseBucket", ON_SHARED_BUCKETS.bucket, bucket),
    allow("LogErrors", "logs:PutLogEvents", arns.logStream(logGroup, logStream)),
    allow("UseStreamKey", "kms:Decrypt", arns.anyKey(), {
      StringEquals: {
        "kms:ViaService": viaService(context, "kinesis"),
        "kms:EncryptionContext:aws:kinesis:arn": arns.stream(stream),
      },
    }),
    allow("UseObjectKeys", ON_SHARED_BUCKETS.bucketKey, arns.anyKey(), {
      StringEquals: { "kms:ViaService": viaService(context, "s3") },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucket, ...objects] },
    }),
  );
}

/**
 * What a producer of events may do: put records.
 *
 * @param stream physical name
 */
export function producerPolicy(context: AwsContext, stream: string): Policy {
  return policy(allow("PutEvents", ["kinesis:PutRecord", "kinesis:PutRecords"], arnsOf(context).stream(stream)));
}
