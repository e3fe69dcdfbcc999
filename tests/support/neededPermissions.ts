/** Actions by what they are done to, in alphabetical order; targets as `targetsOf` names them. */
type Needed = Record<string, string[]>;

const RAW = "upstream crm/dashboard_interaction/";
const BATCHES = "upstream aws/lambda/UUID/shardId-000000000000/2026/11/24/";
const SNAPSHOT = "lake crm_derived_restricted/t200_dashboard_interaction/dt=2026-11-24/run=0123456789ab-1/";
const DESCRIBED = "lake crm_derived_restricted/t100_dashboard_interaction_history_description/";
const PARTS = "cache recommender/parts/0123456789ab-1/ba9876543210/";
const WORK = "cache recommender/inflated/0123456789ab-1/";
const SOURCE = "lake crm/interactions/dt=2026-11-24/";
const INPUT = ["downstream recommender/personalize_input.csv", "downstream recommender/personalize_input.manifest.json"];

const READ_CATALOG = ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"];
const PUBLISH = [...READ_CATALOG, "glue:CreatePartition", "glue:UpdatePartition"].sort();
const WRITE = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"];
const REPLACE = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"];
const KEEP = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"];
const LOG = ["logs:CreateLogStream", "logs:PutLogEvents"];
const TRAIN = ["CreateSolution", "CreateSolutionVersion", "DescribeSolution", "DescribeSolutionVersion", "GetSolutionMetrics"].map(
  (operation) => `personalize:${operation}`,
);

/** What every pipeline imports and records. */
const IMPORTED: Needed = {
  "import job": ["personalize:CreateDatasetImportJob", "personalize:DescribeDatasetImportJob"],
  "recommender-role": ["iam:PassRole"],
  "lake crm_derived_restricted/t310_training_run/dt=2026-11-24/0123456789ab-1.json": ["s3:PutObject"],
};
/** What a pipeline trains and deploys, besides. */
const DEPLOYED: Needed = {
  solution: TRAIN,
  "solution version": TRAIN,
  "lake recommender/accepted_version.json": ["s3:GetObject", "s3:PutObject"],
  "list lake recommender/accepted_version.json": ["s3:ListBucket"],
  campaign: ["personalize:CreateCampaign", "personalize:DescribeCampaign", "personalize:UpdateCampaign"],
};

const ALWAYS: Record<string, Needed> = {
  producer: { "feed-stream": ["kinesis:PutRecord", "kinesis:PutRecords"] },
  delivery: {
    "feed-stream": ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
    "feed-errors": ["logs:PutLogEvents"],
    "key of the stream": ["kms:Decrypt"],
    upstream: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
    "key of upstream": ["kms:Decrypt", "kms:GenerateDataKey"],
    ...each(["latest/2026/11/24/23/records", "errors/processing-failed/records"], (object) => ({
      [`${RAW}${object}`]: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
      [`key of ${RAW}${object}`]: ["kms:Decrypt", "kms:GenerateDataKey"],
    })),
    ...each(["latest/2026/11/24/23/", "errors/processing-failed/", "dead_letter/2026/11/24/", "history/"], (folder) =>
      listing(RAW + folder),
    ),
    ...listing("upstream crm/by_hand/"),
    ...listing(BATCHES),
  },
  forwarder: {
    "feed-stream": [
      "kinesis:DescribeStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:ListShards",
    ],
    "forwarder-logs stream": LOG,
    [`${RAW}dead_letter/2026/11/24/shardId-000000000000-1.ndjson`]: ["s3:PutObject"],
    ...listing(`${RAW}dead_letter/2026/11/24/`),
    [`${BATCHES}batch`]: ["s3:PutObject"],
    ...listing(BATCHES),
  },
  personalize: {
    ...each(INPUT, (object) => ({ [object]: ["s3:GetObject"], ...listing(object) })),
    ...listing("downstream recommender/"),
  },
  schedule: { "pipeline-state-machine": ["states:StartExecution"] },
};

/** Where functions export what queries write, and a campaign is deployed. */
const WITH_FUNCTIONS: Record<string, Needed> = {
  consumer: { campaign: ["personalize:GetRecommendations"] },
  history: {
    "export-history-logs stream": LOG,
    [`${RAW}history/january.csv`]: ["s3:GetObject"],
    ...listing(`${RAW}history/`),
    [`${DESCRIBED}descriptions.json`]: ["s3:GetObject", "s3:PutObject"],
    ...listing(DESCRIBED),
  },
  export: {
    "export-export-logs stream": LOG,
    [`${PARTS}part`]: ["s3:GetObject"],
    "cache athena/query-manifest.csv": ["s3:GetObject"],
    [`${WORK}ba987654.json`]: REPLACE,
    ...listing(WORK),
    ...each(INPUT, (object) => ({ [object]: REPLACE, ...listing(object) })),
  },
  pipeline: {
    "pipeline-state-machine": ["states:ListExecutions"],
    ...IMPORTED,
    ...DEPLOYED,
    "notices-topic": ["sns:Publish"],
    "export-history-function": ["lambda:InvokeFunction"],
    "export-export-function": ["lambda:InvokeFunction"],
    "catalog-workgroup": ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"],
    "Athena's catalog": ["athena:GetDataCatalog"],
    "Glue's catalog": PUBLISH,
    "Glue's default database": ["glue:GetDatabase"],
    "catalog-database": PUBLISH,
    "catalog-events": READ_CATALOG,
    "catalog-history": READ_CATALOG,
    "catalog-descriptions": READ_CATALOG,
    "catalog-interactions": PUBLISH,
    [`${DESCRIBED}descriptions.json`]: ["s3:GetObject"],
    ...listing(DESCRIBED),
    ...each(["upstream", "lake", "cache"], (zone) => ({ [zone]: ["s3:GetBucketLocation"] })),
    ...each(["latest/2026/11/24/23/", "history/"], (folder) => listing(RAW + folder)),
    ...each([SNAPSHOT, PARTS, "cache athena/"], listing),
    ...each(["latest/2026/11/24/23/records", "history/january.csv"], (object) => ({ [RAW + object]: ["s3:GetObject"] })),
    [`${SNAPSHOT}part`]: [...KEEP, "s3:DeleteObject"].sort(),
    [`${PARTS}part`]: WRITE,
    "cache athena/query-manifest.csv": KEEP,
  },
};

/** Where a Glue job exports a source. */
const WITH_JOB: Record<string, Needed> = {
  export: {
    "export-export-output-logs stream": LOG,
    "export-export-error-logs stream": LOG,
    "infra glue_jobs/STAGE/dashboard_interaction_export.py": ["s3:GetObject"],
    [`${SOURCE}part.csv.gz`]: ["s3:GetObject"],
    ...listing(SOURCE),
    [`${WORK}ba987654.json`]: REPLACE,
    ...each(INPUT, (object) => ({ [object]: REPLACE, ...listing(object) })),
  },
  pipeline: {
    "pipeline-state-machine": ["states:ListExecutions"],
    ...IMPORTED,
    "export-export-job": ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"],
    [`${WORK}ba987654.json`]: ["s3:GetObject"],
  },
};

const BY_TENANT: Record<string, Record<string, Needed>> = {
  acme: { ...ALWAYS, ...WITH_FUNCTIONS },
  acme2: { ...ALWAYS, ...WITH_JOB },
};

/** What a role can do to what its own tenant and stage have, but for actions that AWS allows on everything alone. */
export function neededBy(tenant: string, role: string): Needed | undefined {
  return BY_TENANT[tenant][role];
}

/** Roles that a tenant has in a stage: the schedule's only where the pipeline runs by itself. */
export function rolesOf(tenant: string, stage: string): string[] {
  return Object.keys(BY_TENANT[tenant]).filter((role) => role !== "schedule" || ["staging", "prod"].includes(stage));
}

function each(all: string[], needed: (one: string) => Needed): Needed {
  return Object.assign({}, ...all.map(needed)) as Needed;
}

function listing(prefix: string): Needed {
  return { [`list ${prefix}`]: ["s3:ListBucket"] };
}
