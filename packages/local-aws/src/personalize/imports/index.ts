import { join } from "node:path";
import { z } from "zod";
import type { Cloud, Json, Operation } from "../../service";
import { ServiceError } from "../../service";
import { arnOf, DATASET, SCHEMA } from "../controlPlane";
import { JobFailure, type Lifecycle, type Made } from "../lifecycle";
import type { Kind } from "../reads";
import { ARN, asProperties, invalid, NAME, read, TAGS } from "../requests";
import { Sql } from "../sql";
import { convertRows, type SchemaField } from "./rows";
import { fetchSource } from "./source";

const IMPORT_JOB = "DatasetImportJob";
/** Import jobs that may be pending or in progress in a region: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MOST_JOBS = 5;

/** How import jobs are described and listed. */
export const IMPORT_JOBS: Kind = {
  type: IMPORT_JOB,
  member: "datasetImportJob",
  members: "datasetImportJobs",
  filter: { parameter: "datasetArn", holds: ({ properties }, value) => properties.DatasetArn === value },
};

const CREATE = z.strictObject({
  jobName: NAME,
  datasetArn: ARN,
  dataSource: z.strictObject({
    dataLocation: z.string().regex(/^s3:\/\/[^/]+\/.*$/, { error: "Member must be s3://bucket/key" }),
  }),
  roleArn: ARN,
  importMode: z.enum(["FULL", "INCREMENTAL"]).default("FULL"),
  publishAttributionMetricsToS3: z.literal(false).optional(),
  tags: TAGS,
});

/** What import jobs need of the service. */
export interface ImportPorts {
  cloud: Cloud;
  lifecycle: Lifecycle;
  /** Why a job is to fail; undefined: it is not. */
  fails: (jobName: string) => string | undefined;
}

/** CreateDatasetImportJob: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html */
export function importOperations({ cloud, lifecycle, fails }: ImportPorts): Record<string, Operation> {
  const arn = (input: Json) => arnOf(cloud, `dataset-import-job/${String(input.jobName)}`);
  return {
    CreateDatasetImportJob: {
      permissions: (input) => [{ action: "personalize:CreateDatasetImportJob", resource: arn(input) }, passRole(input.roleArn)],
      run: async (input) => {
        const request = read(CREATE, input);
        const dataset = lifecycle.active(DATASET, request.datasetArn);
        if (dataset.properties.DatasetType !== "Interactions")
          throw invalid(`The local cloud imports into Interactions datasets, ${dataset.arn} is of another type.`);
        if (request.importMode === "INCREMENTAL" && filesOf(lifecycle, dataset).length === 0) {
          throw invalid(`The first import into ${dataset.arn} must be FULL.`);
        }
        const busy = lifecycle.all(IMPORT_JOB).filter(({ status }) => status === "CREATE PENDING" || status === "CREATE IN PROGRESS");
        if (busy.length >= MOST_JOBS && !busy.some((job) => job.arn === arn(input))) {
          throw new ServiceError("LimitExceededException", `At most ${MOST_JOBS} dataset import jobs may be pending or in progress.`);
        }
        const properties = asProperties(request);
        const made = { type: IMPORT_JOB, arn: arn(input), properties, attributes: { DatasetImportJobArn: arn(input) } };
        lifecycle.begin(made, async (job, signal) => {
          const reason = fails(request.jobName);
          if (reason !== undefined) throw new JobFailure(reason);
          await importFile(cloud, lifecycle, job, signal);
        });
        return { output: { datasetImportJobArn: arn(input) } };
      },
    },
  };
}

/** That a role is handed to the service: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html */
function passRole(roleArn: unknown) {
  return { action: "iam:PassRole", resource: String(roleArn), context: { "iam:PassedToService": "personalize.amazonaws.com" } };
}

/** Parquet files of what was imported into a dataset: the newest full import, and the incremental ones since. */
export function filesOf(lifecycle: Lifecycle, dataset: Made): string[] {
  const jobs = lifecycle.all(IMPORT_JOB, { DatasetArn: dataset.arn });
  const done = jobs.filter(({ status, createdAt }) => status === "ACTIVE" && createdAt >= dataset.createdAt);
  const inOrder = done.sort((a, b) => a.updatedAt - b.updatedAt);
  const full = inOrder.findLastIndex(({ properties }) => properties.ImportMode === "FULL");
  return full < 0 ? [] : inOrder.slice(full).map(({ attributes }) => String(attributes.File));
}

/** The fields of a dataset's rows. */
export function schemaOf(lifecycle: Lifecycle, { properties }: Made): SchemaField[] {
  const { Schema } = lifecycle.find(SCHEMA, properties.SchemaArn).properties;
  return (JSON.parse(String(Schema)) as { fields: SchemaField[] }).fields;
}

async function importFile(cloud: Cloud, lifecycle: Lifecycle, job: Made, signal: AbortSignal): Promise<void> {
  const { DatasetArn, RoleArn, DataSource, JobName } = job.properties;
  const fields = schemaOf(lifecycle, lifecycle.find(DATASET, DatasetArn));
  const folder = join(cloud.store("personalize").folder, "imports");
  const file = join(folder, `${String(JobName)}.parquet`);
  const { dataLocation } = DataSource as { dataLocation: string };
  await Sql.use(join(folder, String(JobName)), signal, async (sql) => {
    const source = { location: dataLocation, roleArn: String(RoleArn), jobArn: job.arn };
    await convertRows(sql, await fetchSource(cloud, source, sql.folder, signal), fields, file);
  });
  job.attributes.File = file;
}
