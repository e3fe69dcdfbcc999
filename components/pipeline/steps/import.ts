import { arnsOf } from "../../shared/arns";
import { inputKeys, jobNamePrefix, type Scope } from "../../shared/naming";
import { jobStates } from "../personalizeJob";
import type { RecommenderResources } from "../../recommender/recommenderResources";
import { fail, jsonata, type States } from "../states";

/** What the CSV is imported into, and where it lies. */
export interface ImportSteps {
  scope: Scope;
  recommender: RecommenderResources;
  downstream: string;
  /** Empty, or the stage and a slash. */
  keyPrefix: string;
  maxWaitHours: number;
}

/** Name of a run's job of one kind, by its attempt: a JSONata expression. */
export function jobName(scope: Scope): string {
  return `${JSON.stringify(jobNamePrefix(scope))} & $runHash & "-" & $string($attempt)`;
}

/**
 * Replaces with the CSV what was imported before; events that were streamed stay. A job that an earlier execution of the run key left
 * failed, or that imported another CSV, is followed by another one. `$imported` tells whether this execution imported.
 */
export function importStates({ scope, recommender, downstream, keyPrefix, maxWaitHours }: ImportSteps, next: string): States {
  const name = jobName(scope);
  const jobs = arnsOf(scope).importJob("");
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
            DataSource: { DataLocation: `s3://${downstream}/${inputKeys(keyPrefix).input}` },
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
