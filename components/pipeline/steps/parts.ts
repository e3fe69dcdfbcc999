import { cachePrefixes } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { readStatement, type SqlValues, statementExpression } from "../statements";
import { athenaTask, catchTo, choice, EXECUTION_HASH, fail, jsonata, queryResultTask, type Step } from "../states";
import { classifiedRows } from "./table";

/** Least that Personalize imports and trains on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
export const LEAST_ROWS = 1000;
export const LEAST_REPEAT_USERS = 25;

/** The figures of the count query, one per row, as one object. */
const COUNTS = `(
  $rows := $states.result.ResultSet.Rows[Data[0].VarCharValue != "name"];
  $figures := $merge($rows.{Data[0].VarCharValue: $number(Data[1].VarCharValue)});
  $group := function($name) {
    $merge($append([{}], $each($figures, function($figure, $key) {
      $substringBefore($key, ".") = $name and $contains($key, ".") ? {$substringAfter($key, "."): $figure}
    })))
  };
  {"rowsIn": $figures.rowsIn, "leftOut": $group("leftOut"), "table": $group("table"), "csv": $group("csv")}
)`;

/** Rows that belong in the table. Rows that arrive after it was built add to them; nothing takes away from them. */
const EXPECTED_ROWS = "$counts.rowsIn - $sum($append([0], $counts.leftOut.*))";

const WRONG_TABLE = `
  "the table of run date " & $runDate & " has " & $string($counts.table.rows) & " rows, only "
  & $string(${EXPECTED_ROWS}) & " belong in it"
`;

const TOO_FEW = `
  "Personalize needs ${LEAST_ROWS} rows and ${LEAST_REPEAT_USERS} users with 2 or more, run date " & $runDate & " has "
  & $string($counts.csv.rows) & " rows and " & $string($counts.csv.repeatUsers) & " such users; "
  & $string($counts.rowsIn) & " rows came in, left out: " & $string($counts.leftOut)
`;

const UNCHANGED = "The table is built and the CSV is unchanged.";

/** Values of the statements that write CSV lines, by parameter. */
function csvLines({ database, interactionColumns, streamedEvents }: DefinitionArgs): SqlValues {
  return {
    database: { identifier: database },
    run_date: { jsonata: "$runDate" },
    csv_lines: { fragment: readStatement("csv_lines") },
    with_event_type: { flag: interactionColumns.includes("EVENT_TYPE") },
    without_streamed: { flag: streamedEvents === "exclude" },
  };
}

/** Counts the rows that came in, were left out and go out (`$counts`), and checks that they suffice for Personalize. */
export function countInteractions(args: DefinitionArgs): Step {
  const { workgroup, database } = args;
  const statement = statementExpression(readStatement("count_interactions"), { ...classifiedRows(args), ...csvLines(args) });
  const failed = { catch: [catchTo("CountFailed")] };
  return {
    first: "CountInteractions",
    states: (next) => ({
      CountInteractions: athenaTask(
        { statement, workgroup, database },
        { next: "ReadCounts", assign: { countQuery: jsonata("$states.result.QueryExecution.QueryExecutionId") }, ...failed },
      ),
      ReadCounts: queryResultTask(jsonata("$countQuery"), { next: "CheckMinimum", assign: { counts: jsonata(COUNTS) }, ...failed }),
      CheckMinimum: choice(
        [
          { when: `$counts.table.rows > ${EXPECTED_ROWS}`, assign: { cause: jsonata(WRONG_TABLE) }, next: "WrongTable" },
          {
            when: `$counts.csv.rows < ${LEAST_ROWS} or $counts.csv.repeatUsers < ${LEAST_REPEAT_USERS}`,
            assign: { cause: jsonata(TOO_FEW) },
            next: "TooFewInteractions",
          },
        ],
        next,
      ),
      CountFailed: fail(`${UNCHANGED} Fix the cause, then start again with the same run key.`, "CountFailed"),
      WrongTable: fail(
        "The CSV is unchanged. A history file was removed meanwhile, or two runs wrote to one location: start again with rebuild: true.",
        "WrongTable",
      ),
      TooFewInteractions: fail(`${UNCHANGED} Wait for more events or upload more history.`, "TooFewInteractions"),
    }),
  };
}

/** Unloads the CSV's lines to a location of the execution's own, because UNLOAD fails where objects exist; `$parts` is their manifest. */
export function writeParts(args: DefinitionArgs): Step {
  const { workgroup, database, context } = args;
  const prefix = `s3://${context.buckets.cache}/${cachePrefixes(context.keyPrefix).parts}`;
  const destination = `${JSON.stringify(prefix)} & $runId & "/" & $substring(${EXECUTION_HASH}, 0, 8) & "/"`;
  const statement = statementExpression(readStatement("write_parts"), { ...csvLines(args), destination: { jsonata: destination } });
  return {
    first: "WriteParts",
    states: (next) => ({
      WriteParts: athenaTask(
        { statement, workgroup, database },
        {
          next,
          assign: { parts: jsonata("$states.result.QueryExecution.Statistics.DataManifestLocation") },
          catch: [catchTo("PartsFailed")],
        },
      ),
      PartsFailed: fail(`${UNCHANGED} Fix the cause, then start again with the same run key.`, "PartsFailed"),
    }),
  };
}
