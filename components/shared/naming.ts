import { createHash } from "node:crypto";

/** The project's name: config namespace, tag and part of every physical name. */
export const PROJECT = "c360-recommender";

/** What a stage may be called. */
export const STAGE_PATTERN = /^[a-z][a-z0-9]{1,11}$/;
/** Stage names that would clash with other key prefixes in a bucket. */
export const RESERVED_STAGES: readonly string[] = ["crm", "recommender", "aws", "athena"];

/** The five buckets of a lake. */
export const ZONES = ["upstream", "lake", "downstream", "infra", "cache"] as const;
export type Zone = (typeof ZONES)[number];

/** Whose resource it is: all that a name is made of. */
export interface Owner {
  readonly tenant: string;
  readonly stage: string;
}

/**
 * Maximum length of a physical name, in characters.
 * Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
 * https://docs.aws.amazon.com/streams/latest/APIReference/API_CreateStream.html,
 * https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html,
 * https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html,
 * https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html,
 * https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolution.html,
 * https://docs.aws.amazon.com/personalize/latest/dg/API_CreateCampaign.html,
 * https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-databases.html,
 * https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html,
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html,
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html,
 * https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html,
 * https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
 */
export const NAME_LIMITS = {
  role: 64,
  policy: 128,
  stream: 128,
  deliveryStream: 64,
  function: 64,
  datasetGroup: 63,
  schema: 63,
  dataset: 63,
  eventTracker: 63,
  solution: 63,
  campaign: 63,
  bucket: 63,
  database: 255,
  workgroup: 128,
  stateMachine: 80,
  schedule: 64,
  job: 255,
  topic: 256,
} as const;
export type NameKind = keyof typeof NAME_LIMITS;

/**
 * A physical name: `<tenant>-c360-recommender-<role>-<stage>`.
 *
 * @param kind whose limit counts
 * @param role what the resource is for: at most 13 characters, so that roles and delivery streams fit for every tenant and stage
 * @throws Error when the name is longer than the service allows
 */
export function physicalName(kind: NameKind, { tenant, stage }: Owner, role: string): string {
  return assertNameLength(kind, `${tenant}-${PROJECT}-${role}-${stage}`);
}

/** @throws Error as {@link physicalName} */
export function streamName(owner: Owner): string {
  return physicalName("stream", owner, "stream");
}

/** @throws Error as {@link physicalName} */
export function deliveryStreamName(owner: Owner): string {
  return physicalName("deliveryStream", owner, "delivery");
}

/**
 * A solution's name. A solution's recipe cannot change, so the name ends with three digits of the recipe's hash: another recipe gets
 * another solution. There is no room for more digits; all recipes of Amazon Personalize differ in these.
 *
 * @throws Error as {@link physicalName}
 */
export function solutionName(owner: Owner, recipe: string): string {
  const hash = createHash("sha256").update(recipe).digest("hex").slice(0, 3);
  return assertNameLength("solution", `${physicalName("solution", owner, "solution")}-${hash}`);
}

/** Prefix of the names of a stage's import jobs and solution versions; a run's hash and the attempt number follow. */
export function jobNamePrefix({ tenant, stage }: Owner): string {
  return `${tenant}-${stage}-`;
}

/**
 * A lake bucket's name: `<tenant>-c360-<zone>` for prod, with `-staging` for staging and `-dev` for every other stage.
 *
 * @throws Error when the name is longer than S3 allows
 */
export function bucketName({ tenant, stage }: Owner, zone: Zone): string {
  const suffix = stage === "prod" ? "" : stage === "staging" ? "-staging" : "-dev";
  return assertNameLength("bucket", `${tenant}-c360-${zone}${suffix}`);
}

/** True for a stage that shares dev's buckets without owning them. */
export function isPersonal(stage: string): boolean {
  return !["prod", "staging", "dev"].includes(stage);
}

/** Prefix of every key of a stage: `<stage>/` for a personal stage, otherwise empty. */
export function keyPrefixOf(stage: string): string {
  return isPersonal(stage) ? `${stage}/` : "";
}

/** A stage's Glue database: `<tenant>_crm_derived_restricted`, with `_<stage>` outside prod. */
export function databaseName({ tenant, stage }: Owner): string {
  return assertNameLength("database", `${tenant}_crm_derived_restricted${stage === "prod" ? "" : `_${stage}`}`);
}

/** Key prefixes of a stage's events in upstream; each ends with a slash. */
export function eventPrefixes(keyPrefix: string): { latest: string; errors: string; deadLetters: string; history: string } {
  const base = `${keyPrefix}crm/dashboard_interaction/`;
  return { latest: `${base}latest/`, errors: `${base}errors/`, deadLetters: `${base}dead_letter/`, history: `${base}history/` };
}

/** Key prefix of a stage's interactions table in lake; ends with a slash. */
export function interactionsPrefix(keyPrefix: string): string {
  return `${keyPrefix}crm_derived_restricted/t200_dashboard_interaction/`;
}

/** Key prefix of a stage's table of history descriptions in lake; ends with a slash. */
export function historyDescriptionsPrefix(keyPrefix: string): string {
  return `${keyPrefix}crm_derived_restricted/t100_dashboard_interaction_history_description/`;
}

/** Key prefix of a stage's table of training runs in lake; ends with a slash. */
export function trainingRunsPrefix(keyPrefix: string): string {
  return `${keyPrefix}crm_derived_restricted/t310_training_run/`;
}

/** Key in lake of the object that says which solution version the campaign is to serve. */
export function acceptedVersionKey(keyPrefix: string): string {
  return `${keyPrefix}recommender/accepted_version.json`;
}

/** Key prefixes in cache of a query's parts, an export's intermediate objects and query results; each ends with a slash. */
export function cachePrefixes(keyPrefix: string): { parts: string; inflated: string; results: string } {
  const base = `${keyPrefix}recommender/`;
  return { parts: `${base}parts/`, inflated: `${base}inflated/`, results: `${keyPrefix}athena/` };
}

/** Key of the export's script in infra, where each stage has a folder for its Glue jobs. */
export function jobScriptKey(stage: string): string {
  return `glue_jobs/${stage}/dashboard_interaction_export.py`;
}

/** Python modules of the export's script. */
const JOB_MODULES = ["errors", "lines", "manifest", "parts", "rows", "store", "target"];

/** Keys in infra of the script's modules. */
export function jobModuleKeys(stage: string): string[] {
  return JOB_MODULES.map((name) => `glue_jobs/${stage}/export_${name}.py`);
}

/** Log groups of a Glue job, and their common prefix. */
export function jobLogGroups(jobName: string): { prefix: string; output: string; error: string } {
  const prefix = `/aws-glue/jobs/${jobName}`;
  return { prefix, output: `${prefix}/output`, error: `${prefix}/error` };
}

/** Key prefix of a stage's input for Personalize in downstream; ends with a slash. */
export function recommenderPrefix(keyPrefix: string): string {
  return `${keyPrefix}recommender/`;
}

/** Keys in downstream of a stage's input for Personalize and of its manifest. */
export function inputKeys(keyPrefix: string): { input: string; manifest: string } {
  const base = `${recommenderPrefix(keyPrefix)}personalize_input`;
  return { input: `${base}.csv`, manifest: `${base}.manifest.json` };
}

/** Tags of every taggable resource. */
export function tagsOf({ tenant, stage }: Owner): { tenant: string; stage: string; project: string } {
  return { tenant, stage, project: PROJECT };
}

function assertNameLength(kind: NameKind, name: string): string {
  if (name.length > NAME_LIMITS[kind]) {
    throw new Error(`name of ${kind} must have at most ${NAME_LIMITS[kind]} characters, got ${name.length} in ${JSON.stringify(name)}`);
  }
  return name;
}
