import type { Exporter, PartsOrigin } from "../../interactionExport/exportLocations";
import { choice, EXECUTION_HASH, type Expression, fail, failsAs, glueTask, jsonata, lambdaTask, sdkTask, type States } from "../states";
import { LEAST_REPEAT_USERS, LEAST_ROWS } from "./parts";

/** What joins a run's parts to the one CSV. */
export interface ExportSteps {
  exporter: Exporter;
  parts: PartsOrigin;
  lake: string;
  cache: string;
  /** Key prefix in cache below which a job leaves its answer; ends with a slash. */
  work: string;
}

/** Time that a job may wait for its workers, and then for its end to be seen. */
const START_SECONDS = 900;

/** A name that the same run key has in every execution, unless it is to be rebuilt: parts of somebody else's need no place of their own. */
const RUN_ID = `$runHash & "-" & $substring($rebuild ? ${EXECUTION_HASH} : $hash($runKey & " " & $runDate, "SHA-256"), 0, 8)`;

/** Names the run of an export that no query of the pipeline comes before: `$runId`. */
export function nameStates(next: string): States {
  return { NameExport: { Type: "Pass", Assign: { runId: jsonata(RUN_ID) }, Next: next } };
}

/** Joins the parts in downstream; `$exported` is what the engine answers. */
export function exportStates(args: ExportSteps, next: string): States {
  return {
    ...(args.exporter.engine === "lambda" ? functionStates(args, args.exporter, next) : jobStates(args, args.exporter, next)),
    ExportFailed: fail("the CSV is whole, the old one or already the new one; mend the reason, then start again with the same run key."),
  };
}

/** An invocation whose time is nearly over leaves the rest to the next. */
function functionStates(args: ExportSteps, { functionArn }: Exporter & { engine: "lambda" }, next: string): States {
  return {
    Export: lambdaTask(
      { functionArn, payload: { ...written(RUN), ...payloadOf(args) } },
      { next: "CheckExport", assign: { exported: jsonata("$states.result.Payload") }, catch: [failsAs("ExportFailed")] },
    ),
    CheckExport: choice([{ when: '$exported.decision = "unfinished"', next: "Export" }], next),
  };
}

/** A job answers with an object, whose key no other run of it is given. */
function jobStates(args: ExportSteps, { jobName, timeoutMinutes }: Exporter & { engine: "glue" }, next: string): States {
  const key = `${JSON.stringify(args.work)} & $runId & "/" & $substring(${EXECUTION_HASH}, 0, 8) & ".json"`;
  const given = written({ "--run_id": "$runId", "--run_date": "$runDate", "--answer_s3_key": key });
  return {
    Export: glueTask(
      { jobName, arguments: { ...given, ...argumentsOf(args.parts) } },
      {
        next: "ReadAnswer",
        assign: { answerKey: jsonata(key) },
        catch: [failsAs("ExportFailed")],
        timeoutSeconds: timeoutMinutes * 60 + START_SECONDS,
      },
    ),
    ReadAnswer: sdkTask(
      "s3:getObject",
      { Bucket: args.cache, Key: jsonata("$answerKey") },
      { next, assign: { exported: jsonata("$parse($states.result.Body)") }, catch: [failsAs("ExportFailed")] },
    ),
  };
}

const RUN = { runId: "$runId", runDate: "$runDate" };
const COUNTED = { rows: "$counts.csv.rows", users: "$counts.csv.users", items: "$counts.csv.items", bytes: "$counts.csv.bytes" };

function payloadOf({ parts, lake }: ExportSteps): Record<string, unknown> {
  if (!("sourcePrefix" in parts)) return written({ manifest: "$parts", ...COUNTED });
  const source = jsonata(`${JSON.stringify(`s3://${lake}/${parts.sourcePrefix}dt=`)} & $runDate & "/"`);
  return { source, leastRows: LEAST_ROWS, leastRepeatUsers: LEAST_REPEAT_USERS };
}

function argumentsOf(parts: PartsOrigin): Record<string, string> {
  if ("sourcePrefix" in parts) return { "--least_rows": `${LEAST_ROWS}`, "--least_repeat_users": `${LEAST_REPEAT_USERS}` };
  const counted = Object.entries(COUNTED).map(([name, count]): [string, string] => [`--${name}`, `$string(${count})`]);
  return written({ "--parts_manifest": "$parts", ...Object.fromEntries(counted) });
}

function written(expressions: Record<string, string>): Record<string, Expression> {
  return Object.fromEntries(Object.entries(expressions).map(([name, expression]) => [name, jsonata(expression)]));
}
