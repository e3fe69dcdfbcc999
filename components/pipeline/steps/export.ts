import type { Exporter } from "../../interactionExport/exportLocations";
import { cachePrefixes } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import {
  catchTo,
  choice,
  EXECUTION_HASH,
  fail,
  glueTask,
  jsonata,
  jsonataFields,
  lambdaTask,
  sdkTask,
  type States,
  type Step,
} from "../states";
import { QUOTAS } from "./parts";

type ExportArgs = Pick<DefinitionArgs, "exporter" | "parts" | "context" | "maxShrink">;

/** Time that a job may wait for its workers, and then until Step Functions sees its end. */
const JOB_START_SECONDS = 900;

/** The same in every execution of a run key and a run date, unless the run is rebuilt: a source's parts need no location of their own. */
const RUN_ID = `$runHash & "-" & $substring($rebuild ? ${EXECUTION_HASH} : $hash($runKey & " " & $runDate, "SHA-256"), 0, 8)`;

const RUN = { runId: "$runId", runDate: "$runDate" };
const COUNTED = { rows: "$counts.csv.rows", users: "$counts.csv.users", items: "$counts.csv.items", bytes: "$counts.csv.bytes" };

/** Names a run that exports a source, before which no query runs: `$runId`. */
export function nameExport(): Step {
  return {
    first: "NameExport",
    states: (next) => ({ NameExport: { Type: "Pass", Assign: { runId: jsonata(RUN_ID) }, Next: next } }),
  };
}

/** Joins the parts to the CSV in downstream; `$exported` is the engine's result. */
export function exportCsv(args: ExportArgs): Step {
  const { exporter } = args;
  return {
    first: "Export",
    states: (next) => ({
      ...(exporter.engine === "lambda" ? lambdaExport(args, exporter, next) : glueExport(args, exporter, next)),
      ExportFailed: fail(
        "The CSV is complete: the old one, or already the new one. Fix the cause, then start again with the same run key.",
      ),
    }),
  };
}

/** An invocation that runs out of time leaves the rest to the next one. */
function lambdaExport(args: ExportArgs, { functionArn }: Exporter & { engine: "lambda" }, next: string): States {
  return {
    Export: lambdaTask(
      { functionArn, payload: { ...jsonataFields(RUN), ...payload(args) } },
      { next: "CheckExport", assign: { exported: jsonata("$states.result.Payload") }, catch: [catchTo("ExportFailed")] },
    ),
    CheckExport: choice([{ when: '$exported.decision = "unfinished"', next: "Export" }], next),
  };
}

/** A job writes its result to an object, whose key no other run of the job is given. */
function glueExport(args: ExportArgs, { jobName, timeoutMinutes }: Exporter & { engine: "glue" }, next: string): States {
  const { context } = args;
  const prefix = cachePrefixes(context.keyPrefix).inflated;
  const key = `${JSON.stringify(prefix)} & $runId & "/" & $substring(${EXECUTION_HASH}, 0, 8) & ".json"`;
  const run = jsonataFields({ "--run_id": "$runId", "--run_date": "$runDate", "--answer_s3_key": key });
  return {
    Export: glueTask(
      { jobName, arguments: { ...run, ...jobArguments(args) } },
      {
        next: "ReadAnswer",
        assign: { answerKey: jsonata(key) },
        catch: [catchTo("ExportFailed")],
        timeoutSeconds: timeoutMinutes * 60 + JOB_START_SECONDS,
      },
    ),
    ReadAnswer: sdkTask(
      "s3:getObject",
      { Bucket: context.buckets.cache, Key: jsonata("$answerKey") },
      { next, assign: { exported: jsonata("$parse($states.result.Body)") }, catch: [catchTo("ExportFailed")] },
    ),
  };
}

function payload({ parts, context, maxShrink }: ExportArgs): Record<string, unknown> {
  const shrink = jsonataFields({ maxShrink: `$acceptShrink ? 1 : ${maxShrink}` });
  if ("historyFunctionArn" in parts) return { ...shrink, ...jsonataFields({ manifest: "$parts", ...COUNTED }) };
  const source = jsonata(`${JSON.stringify(`s3://${context.buckets.lake}/${parts.sourcePrefix}dt=`)} & $runDate & "/"`);
  return { ...shrink, source, ...QUOTAS };
}

function jobArguments({ parts, maxShrink }: ExportArgs): Record<string, string> {
  const shrink = { "--max_shrink": jsonata(`$acceptShrink ? "1" : "${maxShrink}"`) };
  if ("sourcePrefix" in parts) {
    return {
      ...shrink,
      "--least_rows": `${QUOTAS.leastRows}`,
      "--least_repeat_users": `${QUOTAS.leastRepeatUsers}`,
      "--least_repeat_percent": `${QUOTAS.leastRepeatPercent}`,
      "--most_event_types": `${QUOTAS.mostEventTypes}`,
    };
  }
  const counted = Object.entries(COUNTED).map(([name, count]) => [`--${name}`, `$string(${count})`]);
  return { ...shrink, ...jsonataFields({ "--parts_manifest": "$parts", ...(Object.fromEntries(counted) as Record<string, string>) }) };
}
