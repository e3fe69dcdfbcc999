import type { Scope } from "./naming";

/** ARNs from names: known at preview, so that policies show in full. */
export function arnsOf({ partition, region, account }: Scope) {
  const regional = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${account}:${resource}`;
  return {
    bucket: (name: string) => `arn:${partition}:s3:::${name}`,
    /** Every object below a prefix that ends with a slash (or is empty). */
    objects: (name: string, prefix: string) => `arn:${partition}:s3:::${name}/${prefix}*`,
    stream: (name: string) => regional("kinesis", `stream/${name}`),
    object: (name: string, key: string) => `arn:${partition}:s3:::${name}/${key}`,
    function: (name: string) => regional("lambda", `function:${name}`),
    stateMachine: (name: string) => regional("states", `stateMachine:${name}`),
    workgroup: (name: string) => regional("athena", `workgroup/${name}`),
    glueDataCatalog: () => regional("athena", "datacatalog/AwsDataCatalog"),
    catalog: () => regional("glue", "catalog"),
    database: (name: string) => regional("glue", `database/${name}`),
    table: (database: string, name: string) => regional("glue", `table/${database}/${name}`),
    job: (name: string) => regional("glue", `job/${name}`),
    logStreams: (group: string) => regional("logs", `log-group:${group}:*`),
    logStream: (group: string, stream: string) => regional("logs", `log-group:${group}:log-stream:${stream}`),
    defaultScheduleGroup: () => regional("scheduler", "schedule-group/default"),
    anyKey: () => regional("kms", "key/*"),
    role: (name: string) => `arn:${partition}:iam::${account}:role/${name}`,
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
export function viaService({ partition, region }: Scope, service: "kinesis" | "s3"): string {
  return `${service}.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
}
