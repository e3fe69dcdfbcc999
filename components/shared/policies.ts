import { arnsOf, type AwsContext } from "./tenantContext";

/** A condition block: operator, then key, then values. */
export type Condition = Record<string, Record<string, string | string[]>>;

/** A policy statement as plain data: nothing in it is unknown at preview. */
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
 * The only actions that a role may have on `*`, because AWS supports no narrower resource for them:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html (PutEvents and every List),
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html,
 * https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (logs), https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
 */
export const ONLY_ON_STAR = {
  personalize: ["personalize:PutEvents"],
  solutionVersions: ["personalize:ListSolutionVersions"],
  xray: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
  sampling: ["xray:GetSamplingRules", "xray:GetSamplingTargets"],
  logDelivery: [
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
  ],
};

/** Where Lambda writes the batches that it gives up on; the mapping's UUID follows, which is unknown at preview. */
export const FAILED_BATCHES = "aws/lambda/";

/**
 * The only actions by which a role reaches another stage of its own tenant, in the buckets that dev and the personal stages share:
 * AWS supports no narrower resource for them. No role reaches another tenant's buckets.
 */
export const ON_SHARED_BUCKETS = {
  /** Firehose needs them on the whole bucket: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3 */
  bucket: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
  /** With a bucket key, only the bucket is named: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html */
  bucketKey: ["kms:GenerateDataKey", "kms:Decrypt"],
  /** The prefix is Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html */
  failedBatches: { prefix: FAILED_BATCHES, actions: ["s3:PutObject", "s3:ListBucket"] },
  /** Athena looks up the region of a query's buckets on behalf of its caller: https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html */
  location: ["s3:GetBucketLocation"],
};

/**
 * The only actions by which a role names what an account has one of. None reaches another stage's tables: Glue checks each action on
 * the catalog, the database and the table alike.
 */
export const ON_ACCOUNT_CATALOG = {
  /** https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html */
  read: ["glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"],
  /** Athena looks up the default database too: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html */
  defaultDatabase: ["glue:GetDatabase"],
  publish: ["glue:CreatePartition", "glue:UpdatePartition"],
  /** Athena's name for that catalog: https://docs.aws.amazon.com/athena/latest/ug/datacatalogs-iam-policy.html */
  dataCatalog: ["athena:GetDataCatalog"],
};

export function policy(...statements: Statement[]): Policy {
  return { Version: "2012-10-17", Statement: statements };
}

/** A statement that allows actions. */
export function allow(Sid: string, Action: string | string[], Resource: string | string[], condition?: Condition): Statement {
  return { Sid, Effect: "Allow", Action, Resource, ...(condition && { Condition: condition }) };
}

/** Lets a service assume a role. */
export function trustPolicy(service: string, condition?: Condition): Policy {
  const statement: Statement = { Sid: "Assume", Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  return policy(condition ? { ...statement, Condition: condition } : statement);
}

/** Reading and listing below prefixes of a bucket. */
export function readStatements(context: AwsContext, bucket: string, prefixes: string[]): Statement[] {
  const arns = arnsOf(context);
  return [
    allow(
      "ReadObjects",
      "s3:GetObject",
      prefixes.map((prefix) => arns.objects(bucket, prefix)),
    ),
    allow("ListObjects", "s3:ListBucket", arns.bucket(bucket), {
      StringLike: { "s3:prefix": prefixes.map((prefix) => `${prefix}*`) },
    }),
  ];
}

/** Limits a statement to requests that Personalize makes for this account's resources. */
export function fromPersonalize(context: AwsContext): Condition {
  return {
    StringEquals: { "aws:SourceAccount": context.account },
    StringLike: { "aws:SourceArn": arnsOf(context).anyPersonalize() },
  };
}
