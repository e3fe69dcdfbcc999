import { trainingRunsPrefix } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { type Assign, catchTo, fail, jsonata, jsonataFields, NO_TEXT, sdkTask, type Step } from "../states";

/**
 * What a run trained and deployed, as `$training`, for its output and its record.
 *
 * @param decision `created` or `updated`: the campaign serves the accepted version now; `kept`: the campaign is unchanged; `skipped`: nothing was trained
 * @param versionArn JSONata expression of the version that it is about: the trained one, or the one that was deployed
 */
export function outcome(decision: string, reason: string, versionArn = "$versionArn"): Assign {
  const metrics = versionArn === "$versionArn" ? "$metrics" : `${versionArn} = $versionArn ? $metrics : {}`;
  const fields = jsonataFields({ solutionVersionArn: versionArn, metrics, baseline: "$baseline", present: "$present" });
  return { training: { ...fields, decision, reason } };
}

/** Variables of a run that has trained nothing: `$versionArn` is empty. */
export function skipped(reason: string): Assign {
  return { versionArn: NO_TEXT, metrics: {}, unchanged: { decision: "skipped", reason } };
}

/** Where a run never trains. */
export function skipTraining(): Step {
  return passWith("SkipTraining", skipped("pipeline.train is never"));
}

/** Where a run leaves the campaign as it is, or there is none. */
export function leaveCampaign(hasCampaign: boolean): Step {
  const off = '$versionArn != "" and $accepted = $versionArn ? $why & "; the campaign is off" : $unchanged.reason';
  return passWith("LeaveCampaign", outcome(jsonata("$unchanged.decision"), jsonata(hasCampaign ? "$unchanged.reason" : off)));
}

/** Where a run neither trains nor has a campaign. */
export function noTraining(): Step {
  return passWith("NoTraining", {
    training: {
      solutionVersionArn: NO_TEXT,
      metrics: {},
      baseline: null,
      present: null,
      decision: "skipped",
      reason: "pipeline.train is never",
    },
  });
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
      present: "$training.present",
      baseline: "$training.baseline",
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
