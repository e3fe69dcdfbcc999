import { inputKeys, jobNamePrefix, type Owner } from "../../shared/naming";
import { arnsOf, type TenantContext } from "../../shared/tenantContext";
import { jobStates } from "../personalizeJob";
import type { RecommenderResources } from "../../recommender/recommenderResources";
import { fail, jsonata, type States } from "../states";

/** What the CSV is imported into, and where it lies. */
export interface ImportSteps {
  context: TenantContext;
  recommender: RecommenderResources;
  maxWaitHours: number;
}

/** Name of a run's job of one kind, by its attempt: a JSONata expression. */
export function jobName(owner: Owner): string {
  return `${JSON.stringify(jobNamePrefix(owner))} & $runHash & "-" & $string($attempt)`;
}

/**
 * Replaces with the CSV what was imported before; events that were streamed stay. A job that an earlier execution of the run key left
 * failed, or that imported another CSV, is followed by another one. `$imported` tells whether this execution imported.
 */
export function importStates({ context, recommender, maxWaitHours }: ImportSteps, next: string): States {
  const name = jobName(context);
  const jobs = arnsOf(context).importJob("");
  return {
    ...jobStates(
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
        superseded: '$exported.decision = "replaced"',
        failed: "ImportFailed",
        maxWaitHours,
      },
      { next, assign: { imported: jsonata("$made") } },
    ),
    ImportFailed: fail(
      "the CSV is in place, nothing was trained and the campaign is as it was; mend the reason, then start again with the same run key.",
      "ImportFailed",
    ),
  };
}
