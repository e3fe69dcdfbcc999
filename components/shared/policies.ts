import { recommenderPrefix } from "./naming";
import { arnsOf, type AwsContext, type TenantContext } from "./tenantContext";

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

/** Where Lambda writes the batches that it gives up on; the UUID of the mapping follows, which no preview knows. */
export const FAILED_BATCHES = "aws/lambda/";

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
  /** Athena asks where a query's buckets are, for its caller: https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html */
  location: ["s3:GetBucketLocation"],
};

/**
 * The only actions by which a role names what the whole account has one of. None reaches another's tables: Glue asks for each on the
 * catalog, the database and the table alike.
 */
export const ON_ACCOUNT_CATALOG = {
  /** https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html */
  read: ["glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"],
  /** Athena looks for the default database too: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html */
  defaultDatabase: ["glue:GetDatabase"],
  publish: ["glue:CreatePartition", "glue:UpdatePartition"],
  /** Athena's name for that catalog: https://docs.aws.amazon.com/athena/latest/ug/datacatalogs-iam-policy.html */
  dataCatalog: ["athena:GetDataCatalog"],
};

export function policy(...statements: Statement[]): Policy {
  return { Version: "2012-10-17", Statement: statements };
}

/** A statement without a condition that allows actions. */
export function allow(Sid: string, Action: string | string[], Resource: string | string[]): Statement {
  return { Sid, Effect: "Allow", Action, Resource };
}

/** Lets a service assume a role. */
export function trustPolicy(service: string, condition?: Condition): Policy {
  const statement: Statement = { Sid: "Assume", Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  return policy(condition ? { ...statement, Condition: condition } : statement);
}

/** Trust of the Personalize role, limited to this account's Personalize resources. */
export function personalizeTrust(context: AwsContext): Policy {
  return trustPolicy("personalize.amazonaws.com", fromPersonalize(context));
}

/** What every function needs: its log, and traces. */
export function functionStatements(context: AwsContext, logGroup: string): Statement[] {
  return [
    {
      Sid: "Log",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: arnsOf(context).logStreams(logGroup),
    },
    { Sid: "Trace", Effect: "Allow", Action: ONLY_ON_STAR.xray, Resource: "*" },
  ];
}

/** What Personalize needs to read its input. */
export function personalizePolicy(context: TenantContext): Policy {
  return policy(...readStatements(context, context.buckets.downstream, [recommenderPrefix(context.keyPrefix)]));
}

/** What whoever shows recommendations needs. */
export function recommendationsPolicy(campaignArn: string): Policy {
  return policy({ Sid: "GetRecommendations", Effect: "Allow", Action: "personalize:GetRecommendations", Resource: campaignArn });
}

/** Reading and listing below the prefixes of a bucket. */
export function readStatements(context: AwsContext, bucket: string, prefixes: string[]): Statement[] {
  const arns = arnsOf(context);
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
export function fromPersonalize(context: AwsContext): Condition {
  return {
    StringEquals: { "aws:SourceAccount": context.account },
    StringLike: { "aws:SourceArn": arnsOf(context).anyPersonalize() },
  };
}
