import { arnsOf, eventPrefixes, recommenderPrefix, type Scope, viaService } from "./naming";

/** A condition block: operator, then key, then values. */
export type Condition = Record<string, Record<string, string | string[]>>;

/** A statement of plain data: nothing in it is unknown at preview. */
export interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal?: "*" | { Service: string };
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Condition;
}

export interface Policy {
  Version: "2012-10-17";
  Statement: Statement[];
}

/**
 * The only actions that a role may have on `*`, because AWS takes nothing narrower for them:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html (PutEvents),
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
 */
export const ONLY_ON_STAR = {
  personalize: ["personalize:PutEvents"],
  xray: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
};

/** Where Lambda writes the batches that it gives up on; the UUID of the mapping follows, which no preview knows. */
const FAILED_BATCHES = "aws/lambda/";

/**
 * The only actions by which a role reaches another stage of its own tenant, because AWS takes nothing narrower for them:
 * in the buckets that dev and the personal stages share. No role reaches another tenant's buckets.
 */
export const ON_SHARED_BUCKETS = {
  /** Firehose asks for them on the whole bucket: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3 */
  bucket: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
  /** With a bucket key, only the bucket is named: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html */
  bucketKey: ["kms:GenerateDataKey", "kms:Decrypt"],
  /** The prefix is Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html */
  failedBatches: { prefix: FAILED_BATCHES, actions: ["s3:PutObject", "s3:ListBucket"] },
};

/** Where a stage's data lies in one bucket. */
export interface Location {
  bucket: string;
  /** Empty, or the stage and a slash. */
  keyPrefix: string;
}

export function policy(...statements: Statement[]): Policy {
  return { Version: "2012-10-17", Statement: statements };
}

/** Lets a service assume a role. */
export function trustPolicy(service: string, condition?: Condition): Policy {
  const statement: Statement = { Sid: "Assume", Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  return policy(condition ? { ...statement, Condition: condition } : statement);
}

/** Trust of the delivery role; Firehose passes the account's id as external id. */
export function deliveryTrust({ account }: Scope): Policy {
  return trustPolicy("firehose.amazonaws.com", { StringEquals: { "sts:ExternalId": account } });
}

/** Trust of the Personalize role, limited to this account's Personalize resources. */
export function personalizeTrust(scope: Scope): Policy {
  return trustPolicy("personalize.amazonaws.com", fromPersonalize(scope));
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
    { Sid: "Log", Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: arns.logStreams(target.logGroup) },
    { Sid: "Trace", Effect: "Allow", Action: ONLY_ON_STAR.xray, Resource: "*" },
  );
}

/** What Personalize needs to read its input. */
export function personalizePolicy(scope: Scope, { bucket, keyPrefix }: Location): Policy {
  return policy(...readStatements(scope, bucket, [recommenderPrefix(keyPrefix)]));
}

/** Reading and listing below the prefixes of a bucket. */
export function readStatements(scope: Scope, bucket: string, prefixes: string[]): Statement[] {
  const arns = arnsOf(scope);
  return [
    { Sid: "ReadObjects", Effect: "Allow", Action: "s3:GetObject", Resource: prefixes.map((prefix) => arns.objects(bucket, prefix)) },
    {
      Sid: "ListObjects",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: arns.bucket(bucket),
      Condition: { StringLike: { "s3:prefix": prefixes.map((prefix) => `${prefix}*`) } },
    },
  ];
}

/** Source conditions of a request that Personalize makes for this account. */
export function fromPersonalize(scope: Scope): Condition {
  return {
    StringEquals: { "aws:SourceAccount": scope.account },
    StringLike: { "aws:SourceArn": arnsOf(scope).anyPersonalize() },
  };
}
