import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { operations } from "../operation";
import type { Cloud, Json, Operation, Principal } from "../service";
import { ServiceError } from "../service";
import { convertRows, type CsvFile } from "./csv";
import { filesOf, schemaOf, Sql } from "./interactions";
import { arnOf, DATASET, IMPORT_JOB, invalid, isBusy, JobFailure, type Lifecycle, type Resource } from "./lifecycle";
import { ARN, asProperties, DIALECT, NAME, TAGS } from "./operations";

const SERVICE = "personalize.amazonaws.com";
/** Import jobs that may be pending or in progress in a region: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MAX_JOBS = 5;

/**
 * CreateDatasetImportJob: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html
 *
 * @param failureOf reason for which the job of this name is to fail; undefined: it is not to fail
 */
export function importOperations(
  cloud: Cloud,
  lifecycle: Lifecycle,
  failureOf: (jobName: string) => string | undefined,
): Record<string, Operation> {
  const arnOfJob = (jobName: string) => arnOf(cloud, `dataset-import-job/${jobName}`);
  return operations(DIALECT, {
    CreateDatasetImportJob: {
      members: {
        jobName: NAME,
        datasetArn: ARN,
        dataSource: z.strictObject({ dataLocation: z.string().regex(/^s3:\/\/[^/]+\/.*$/, "Member must be s3://bucket/key") }),
        roleArn: ARN,
        importMode: z.enum(["FULL", "INCREMENTAL"]).default("FULL"),
        publishAttributionMetricsToS3: z.literal(false, "Member must be false in the local cloud").optional(),
        tags: TAGS,
      },
      resources: ({ jobName }) => arnOfJob(jobName),
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
      alsoNeeds: ({ roleArn }) => [{ action: "iam:PassRole", resource: roleArn, context: { "iam:PassedToService": SERVICE } }],
      run: (request) => {
        const arn = arnOfJob(request.jobName);
        const dataset = lifecycle.active(DATASET, request.datasetArn);
        if (dataset.properties.DatasetType !== "Interactions") {
          throw invalid(`The local cloud imports into Interactions datasets, ${dataset.arn} is of another type.`);
        }
        if (request.importMode === "INCREMENTAL" && filesOf(lifecycle, dataset).length === 0) {
          throw invalid(`The first import into ${dataset.arn} must be FULL.`);
        }
        const busy = lifecycle.all(IMPORT_JOB).filter(isBusy);
        if (busy.length >= MAX_JOBS && !busy.some((job) => job.arn === arn)) {
          throw new ServiceError("LimitExceededException", `At most ${MAX_JOBS} dataset import jobs may be pending or in progress.`);
        }
        const given = { type: IMPORT_JOB, arn, properties: asProperties(request), attributes: { DatasetImportJobArn: arn } };
        lifecycle.begin(given, async (job, signal) => {
          const reason = failureOf(request.jobName);
          if (reason !== undefined) throw new JobFailure(reason);
          return { File: await importFiles(cloud, lifecycle, job, signal) };
        });
        return { datasetImportJobArn: arn };
      },
    },
  });
}

/** @returns absolute path of a Parquet file with the rows */
async function importFiles(cloud: Cloud, lifecycle: Lifecycle, job: Resource, signal: AbortSignal): Promise<string> {
  const { DatasetArn, RoleArn, DataSource, JobName } = job.properties;
  const fields = schemaOf(lifecycle, lifecycle.find(DATASET, DatasetArn));
  const folder = join(cloud.store("personalize").folder, "imports");
  const file = join(folder, `${String(JobName)}.parquet`);
  const { dataLocation } = DataSource as { dataLocation: string };
  await Sql.use(join(folder, String(JobName)), signal, async (sql) => {
    const source = { location: dataLocation, roleArn: String(RoleArn), jobArn: job.arn };
    await convertRows(sql, await fetchSource(cloud, source, sql.folder, signal), fields, file);
  });
  return file;
}

/** Where a job reads, and with which role. */
interface ImportSource {
  /** `s3://bucket/key` of a file, or `s3://bucket/prefix/` of a folder. */
  location: string;
  roleArn: string;
  /** The value of aws:SourceArn for the role's trust policy and the bucket's policy. */
  jobArn: string;
}

/**
 * Downloads the objects of a job. The role must be allowed to list and read them, and so must the service by the bucket's policy.
 *
 * @param folder absolute path of the folder for the files
 * @param signal stops the download before the next file
 * @throws JobFailure naming the missing permission or object
 */
async function fetchSource(
  cloud: Cloud,
  { location, roleArn, jobArn }: ImportSource,
  folder: string,
  signal: AbortSignal,
): Promise<CsvFile[]> {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
  const context = { "aws:SourceArn": jobArn };
  try {
    const role = cloud.assume(roleArn, SERVICE, context);
    const service = cloud.serve(SERVICE, context);
    await listKeys(cloud, service, bucket, key);
    const keys = (await listKeys(cloud, role, bucket, key)).filter((found) => found === key || key.endsWith("/") || key === "");
    if (keys.length === 0) throw new JobFailure(`There is no object at ${location}.`);
    const files: CsvFile[] = [];
    for (const [i, Key] of keys.entries()) {
      signal.throwIfAborted();
      const call = (as: Principal, method: string) =>
        cloud.call(as, "s3", `${method} /{Bucket}/{Key+}`, { Bucket: bucket, Key, headers: {} });
      await call(service, "HEAD");
      const { body = Buffer.alloc(0) } = await call(role, "GET");
      const file = join(folder, `part-${i}.csv`);
      await pipeline(Buffer.isBuffer(body) ? Readable.from([body]) : body, createWriteStream(file));
      files.push({ uri: `s3://${bucket}/${Key}`, file });
    }
    return files;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new JobFailure(`Insufficient privileges or missing data at ${location}: ${error.message}`);
  }
}

async function listKeys(cloud: Cloud, as: Principal, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let token: unknown; ;) {
    const page = { "list-type": "2", prefix, ...(token === undefined ? {} : { "continuation-token": token }) };
    const { output } = await cloud.call(as, "s3", "GET /{Bucket}?list-type", { Bucket: bucket, ...page });
    const { Contents = [], NextContinuationToken } = output?.ListBucketResult as { Contents?: Json[]; NextContinuationToken?: string };
    keys.push(...Contents.map(({ Key }) => String(Key)).filter((key) => !key.endsWith("/")));
    if (NextContinuationToken === undefined) return keys;
    token = NextContinuationToken;
  }
}
