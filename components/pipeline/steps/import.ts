import { inputKeys } from "../../shared/naming";
import { arnsOf } from "../../shared/tenantContext";
import type { DefinitionArgs } from "../definition";
import { jobName, personalizeJob } from "../personalizeJob";
import { fail, jsonata, type Step } from "../states";

/** Whether a job imported what was there before the CSV, which this execution wrote, or one that died before it could import. */
const BEFORE_CSV = '$exported.decision = "replaced" or $createdAt < $toMillis($exported.lastModified)';

/**
 * Imports the CSV, which replaces what was imported before; streamed events stay. A job of an earlier execution of the run key that
 * failed, or that imported another CSV, is followed by another attempt. `$importedAt` is when the job was created, in epoch milliseconds.
 */
export function importCsv({ context, recommender, maxWaitHours }: DefinitionArgs): Step {
  const name = jobName(context);
  const jobs = arnsOf(context).importJob("");
  const job = personalizeJob(
    {
      noun: "Import",
      create: {
        state: "Import",
        action: "personalize:createDatasetImportJob",
        arguments: {
          JobName: jsonata(name),
          DatasetArn: recommender.datasetArn,
          DataSource: { DataLocation: `s3://${context.buckets.downstream}/${inputKeys(context.keyPrefix).input}` },
          RoleArn: recommender.roleArn,
          ImportMode: "FULL",
        },
      },
      describe: {
        action: "personalize:describeDatasetImportJob",
        arguments: { DatasetImportJobArn: jsonata(`${JSON.stringify(jobs)} & ${name}`) },
        member: "DatasetImportJob",
      },
      superseded: BEFORE_CSV,
      failed: "ImportFailed",
      maxWaitHours,
    },
    { importedAt: jsonata("$createdAt") },
  );
  return {
    first: job.first,
    states: (next) => ({
      ...job.states(next),
      ImportFailed: fail(
        "The CSV is in place. Nothing was trained, and the campaign is unchanged. Fix the cause, then start again with the same run key.",
        "ImportFailed",
      ),
    }),
  };
}
