import { trainingRunsPrefix } from "../../shared/naming";
import type { TenantContext } from "../../shared/tenantContext";
import { fail, failsAs, jsonata, sdkTask, type States } from "../states";

/** Keeps what a run imported, trained and decided as one JSON object: a row of the table of training runs. */
export function recordStates({ buckets, keyPrefix }: TenantContext, next: string): States {
  const written = (expressions: Record<string, string>) =>
    Object.fromEntries(Object.entries(expressions).map(([name, expression]) => [name, jsonata(expression)]));
  const object = {
    Bucket: buckets.lake,
    Key: jsonata(`${JSON.stringify(`${trainingRunsPrefix(keyPrefix)}dt=`)} & $runDate & "/" & $runId & ".json"`),
    ContentType: "application/json",
    Body: written({
      ...{ run_id: "$runId", run_date: "$runDate", run_key: "$runKey", finished_at: "$states.context.State.EnteredTime" },
      ...{ rows: "$exported.manifest.rows", users: "$exported.manifest.users", items: "$exported.manifest.items" },
      ...{ solution_version_arn: "$training.solutionVersionArn", metrics: "$training.metrics" },
      ...{ decision: "$training.decision", reason: "$training.reason" },
    }),
  };
  return {
    Record: sdkTask("s3:putObject", object, { next, catch: [failsAs("RecordFailed")] }),
    RecordFailed: fail(
      "the run is done but for its record; the pipeline's role must be allowed to write it: then start again with the same run key.",
      "RecordFailed",
    ),
  };
}
