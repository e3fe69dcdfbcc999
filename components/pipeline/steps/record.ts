import { trainingRunsPrefix } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { type Assign, catchTo, fail, jsonata, jsonataFields, NO_TEXT, sdkTask, type Step } from "../states";

/**
 * What a run trained and deployed, as `$training`, for its output and its record.
 *
 * @param decision `created` or `updated`: the campaign serves the new version; `kept`: the campaign is unchanged; `skipped`: nothing was trained
 * @param trained whether there is a solution version
 */
export function outcome(decision: string, reason: string, trained = true): Assign {
  const version = trained
    ? { solutionVersionArn: jsonata("$versionArn"), metrics: jsonata("$metrics") }
    : { solutionVersionArn: NO_TEXT, metrics: {} };
  return { training: { ...version, baseline: null, present: null, decision, reason } };
}

/** Where a run never trains. */
export function skipTraining(): Step {
  return passWith("SkipTraining", outcome("skipped", "pipeline.train is never", false));
}

/** Where a run trains and there is no campaign. */
export function keepVersion(): Step {
  return passWith("KeepVersion", outcome("kept", "the campaign is off"));
}

function passWith(state: string, assign: Assign): Step {
  return { first: state, states: (next) => ({ [state]: { Type: "Pass", Assign: assign, Next: next } }) };
}

/** Writes what the run imported, trained and decided as one JSON object: a row of the table of training runs. */
export function recordRun({ context: { buckets, keyPrefix }, parts }: Pick<DefinitionArgs, "context" | "parts">): Step {
  const prefix = `${trainingRunsPrefix(keyPrefix)}dt=`;
  const object = {
    Bucket: buckets.lake,
    Key: jsonata(`${JSON.stringify(prefix)} & $runDate & "/" & $runId & ".json"`),
    ContentType: "application/json",
    Body: jsonataFields({
      run_id: "$runId",
      run_date: "$runDate",
      run_key: "$runKey",
      finished_at: "$states.context.State.EnteredTime",
      rows: "$exported.manifest.rows",
      users: "$exported.manifest.users",
      items: "$exported.manifest.items",
      solution_version_arn: "$training.solutionVersionArn",
      metrics: "$training.metrics",
      decision: "$training.decision",
      reason: "$training.reason",
      ...("historyFunctionArn" in parts && { rows_in: "$counts.rowsIn", bad_rows: "$counts.badRows" }),
    }),
  };
  return {
    first: "Record",
    states: (next) => ({
      Record: sdkTask("s3:putObject", object, { next, catch: [catchTo("RecordFailed")] }),
      RecordFailed: fail(
        "Everything but the run's record is done. Allow the pipeline's role to write it, then start again with the same run key.",
        "RecordFailed",
      ),
    }),
  };
}
