import { keyPrefixOf, type Owner, tagsOf, type Zone } from "./naming";

/** Where the stack is deployed. */
export interface AwsContext {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/**
 * What every component of a tenant needs to know: whose resources they are, where they live and how they are kept.
 * All of it is known before any resource is created, so policies and definitions hold no unknown value at preview.
 */
export interface TenantContext extends Owner, AwsContext {
  /** What every key of the stage starts with: empty, or the stage and a slash. */
  readonly keyPrefix: string;
  /** Physical names of the lake's buckets. */
  readonly buckets: Readonly<Record<Zone, string>>;
  /** Tags of every taggable resource. */
  readonly tags: Readonly<Record<string, string>>;
  /** Days that every log group keeps its events. */
  readonly logRetentionDays: number;
}

/** The context of a tenant: key prefix and tags follow from tenant and stage. */
export function tenantContext(own: Omit<TenantContext, "keyPrefix" | "tags">): TenantContext {
  return { ...own, keyPrefix: keyPrefixOf(own.stage), tags: tagsOf(own) };
}

/** ARNs from names: known at preview, so policies are shown in full. */
export function arnsOf({ partition, region, account }: AwsContext) {
  const regional = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${account}:${resource}`;
  return {
    bucket: (name: string) => `arn:${partition}:s3:::${name}`,
    /** Every object below a prefix that ends with a slash (or is empty). */
    objects: (name: string, prefix: string) => `arn:${partition}:s3:::${name}/${prefix}*`,
    object: (name: string, key: string) => `arn:${partition}:s3:::${name}/${key}`,
    stream: (name: string) => regional("kinesis", `stream/${name}`),
    function: (name: string) => regional("lambda", `function:${name}`),
    stateMachine: (name: string) => regional("states", `stateMachine:${name}`),
    workgroup: (name: string) => regional("athena", `workgroup/${name}`),
    glueDataCatalog: () => regional("athena", "datacatalog/AwsDataCatalog"),
    catalog: () => regional("glue", "catalog"),
    database: (name: string) => regional("glue", `database/${name}`),
    table: (database: string, name: string) => regional("glue", `table/${database}/${name}`),
    job: (name: string) => regional("glue", `job/${name}`),
    topic: (name: string) => regional("sns", name),
    logStreams: (group: string) => regional("logs", `log-group:${group}:*`),
    logStream: (group: string, stream: string) => regional("logs", `log-group:${group}:log-stream:${stream}`),
    defaultScheduleGroup: () => regional("scheduler", "schedule-group/default"),
    anyKey: () => regional("kms", "key/*"),
    role: (name: string) => `arn:${partition}:iam::${account}:role/${name}`,
    policy: (name: string) => `arn:${partition}:iam::${account}:policy/${name}`,
    anyPersonalize: () => regional("personalize", "*"),
    /** Recipes belong to the service. */
    recipe: (name: string) => `arn:${partition}:personalize:::recipe/${name}`,
    datasetGroup: (name: string) => regional("personalize", `dataset-group/${name}`),
    /** The interactions dataset of a dataset group. */
    interactions: (group: string) => regional("personalize", `dataset/${group}/INTERACTIONS`),
    importJob: (name: string) => regional("personalize", `dataset-import-job/${name}`),
    solution: (name: string) => regional("personalize", `solution/${name}`),
    campaign: (name: string) => regional("personalize", `campaign/${name}`),
  };
}

/** A service's name in [kms:ViaService](https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service). */
export function viaService({ partition, region }: AwsContext, service: "kinesis" | "s3"): string {
  return `${service}.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
}
