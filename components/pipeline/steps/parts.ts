import { MOST_EVENT_TYPES } from "../../shared/interactions";
import { cachePrefixes } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { readStatement, type SqlValues, statementExpression } from "../statements";
import { athenaTask, catchTo, choice, EXECUTION_HASH, fail, jsonata, queryResultTask, type Step } from "../states";
import { classifiedRows } from "./table";

/** What Personalize asks of the rows that it trains on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
export const QUOTAS = {
  leastRows: 1000,
  /** Users with 2 or more rows. */
  leastRepeatUsers: 25,
  /** Their share of all users. */
  leastRepeatPercent: 1,
  /** The quota is on event types and optional columns together; the CSV has no optional column. */
  mostEventTypes: MOST_EVENT_TYPES,
};

/** Reasons for which a row is left out although nothing is wrong with it. */
export const HARMLESS_REASONS = ["duplicate", "uncountedEventType", "anonymous", "noItem", "late"];

/**
 * The figures of the count query, one per row, as one object. `badRows` are those that are malformed or have a bad value; `badObjects`
 * those with the most, the worst first.
 */
const COUNTS = `(
  $rows := $states.result.ResultSet.Rows[Data[0].VarCharValue != "name"];
  $figures := $merge($rows.{Data[0].VarCharValue: $number(Data[1].VarCharValue)});
  $group := function($name) {
    $merge($append([{}], $each($figures, function($figure, $key) {
      $substringBefore($key, ".") = $name and $contains($key, ".") ? {$substringAfter($key, "."): $figure}
    })))
  };
  $leftOut := $group("leftOut");
  $bad := $append([], $each($group("bad"), function($figure, $key) {
    {"object": $substringAfter($key, "."), "reason": $substringBefore($key, "."), "rows": $figure}
  }));
  $objects := $append([], $map($distinct($bad.object), function($object) {(
    $found := $bad[object = $object];
    {"object": $object, "rows": $sum($found.rows), "reasons": $merge($found.{reason: rows})}
  )}));
  {
    "rowsIn": $figures.rowsIn,
    "leftOut": $leftOut,
    "badRows": $sum($append([0], $each($leftOut, function($rows, $reason) { $reason in ${JSON.stringify(HARMLESS_REASONS)} ? 0 : $rows }))),
    "badObjects": [$sort($objects, function($one, $other) { $one.rows < $other.rows })],
    "table": $group("table"),
    "csv": $group("csv")
  }
)`;

/** Rows that belong in the table. Rows that arrive after it was built add to them; nothing takes away from them. */
const EXPECTED_ROWS = "$counts.rowsIn - $sum($append([0], $counts.leftOut.*))";

const WRONG_TABLE = `
  "the table of run date " & $runDate & " has " & $string($counts.table.rows) & " rows, only "
  & $string(${EXPECTED_ROWS}) & " belong in it"
`;

const TOO_MANY_BAD = `(
  $worst := [$map($counts.badObjects[[0..2]], function($bad) { $bad.object & " has " & $string($bad.rows) & " " & $string($bad.reasons) })];
  $string($counts.badRows) & " of " & $string($counts.rowsIn) & " rows that came in are malformed or have a bad value; "
  & "the objects with the most: " & $join($worst, "; ")
)`;

const TOO_FEW = `
  "Personalize needs ${QUOTAS.leastRows} rows and ${QUOTAS.leastRepeatUsers} users with 2 or more, run date " & $runDate & " has "
  & $string($counts.csv.rows) & " rows and " & $string($counts.csv.repeatUsers) & " such users; "
  & $string($counts.rowsIn) & " rows came in, left out: " & $string($counts.leftOut)
`;

const TOO_FEW_REPEAT_USERS = `
  "Personalize needs 2 or more rows of at least ${QUOTAS.leastRepeatPercent}% of the users, run date " & $runDate & " has "
  & $string($counts.csv.repeatUsers) & " such users of " & $string($counts.csv.users)
`;

const TOO_MANY_TYPES = `
  "Personalize takes at most ${QUOTAS.mostEventTypes} event types and optional columns together, run date " & $runDate & " has "
  & $string($counts.csv.eventTypes) & " event types"
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

/** Counts the rows that came in, were left out and go out (`$counts`), and checks that few are bad and that Personalize takes them. */
export function countInteractions(args: DefinitionArgs): Step {
  const { workgroup, database, maxBadShare } = args;
  const statement = statementExpression(readStatement("count_interactions"), {
    ...classifiedRows(args),
    ...csvLines(args),
    harmless_reasons: { list: HARMLESS_REASONS },
  });
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
            when: `$not($acceptBadRows) and $counts.badRows > 0 and $counts.badRows / $counts.rowsIn > ${maxBadShare}`,
            assign: { cause: jsonata(TOO_MANY_BAD) },
            next: "TooManyBadRows",
          },
          {
            when: `$counts.csv.rows < ${QUOTAS.leastRows} or $counts.csv.repeatUsers < ${QUOTAS.leastRepeatUsers}`,
            assign: { cause: jsonata(TOO_FEW) },
            next: "TooFewInteractions",
          },
          {
            when: `$counts.csv.repeatUsers * 100 < $counts.csv.users * ${QUOTAS.leastRepeatPercent}`,
            assign: { cause: jsonata(TOO_FEW_REPEAT_USERS) },
            next: "TooFewRepeatUsers",
          },
          {
            when: `$counts.csv.eventTypes > ${QUOTAS.mostEventTypes}`,
            assign: { cause: jsonata(TOO_MANY_TYPES) },
            next: "TooManyEventTypes",
          },
        ],
        next,
      ),
      CountFailed: fail(`${UNCHANGED} Fix the cause, then start again with the same run key.`, "CountFailed"),
      WrongTable: fail(
        "The CSV is unchanged. A history file was removed meanwhile, or two runs wrote to one location: start again with rebuild: true.",
        "WrongTable",
      ),
      TooManyBadRows: fail(
        `${UNCHANGED} Fix or remove the objects, then start again with rebuild: true; or leave these rows out once with acceptBadRows: true. ` +
          `The largest share is pipeline.maxBadShare, ${maxBadShare}.`,
        "TooManyBadRows",
      ),
      TooFewInteractions: fail(`${UNCHANGED} Wait for more events or upload more history.`, "TooFewInteractions"),
      TooFewRepeatUsers: fail(
        `${UNCHANGED} Wait for more events or upload more history; where ids name sessions or devices, send users' ids.`,
        "TooFewRepeatUsers",
      ),
      TooManyEventTypes: fail(
        `${UNCHANGED} Name the ones that count in recommender.eventTypes, then start again with rebuild: true.`,
        "TooManyEventTypes",
      ),
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
