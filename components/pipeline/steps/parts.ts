import { type Expression, athenaTask, choice, EXECUTION_HASH, fail, failsAs, jsonata, queryResultTask, type States } from "../states";

/** What brings the table's partition to parts of CSV lines. */
export interface PartsSteps {
  database: string;
  workgroup: string;
  /** Statement that counts what came in, what was left out and what goes out. */
  count: Expression;
  /** Statement that unloads the CSV's lines to {@link partsLocation}. */
  write: Expression;
}

/** Least that Personalize imports and trains on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
export const LEAST_ROWS = 1000;
export const LEAST_REPEAT_USERS = 25;

/** Where a run's parts lie, apart for each execution, because a query writes to an empty place alone: a JSONata expression. */
export function partsLocation(cache: string, prefix: string): string {
  return `${JSON.stringify(`s3://${cache}/${prefix}`)} & $runId & "/" & $substring(${EXECUTION_HASH}, 0, 8) & "/"`;
}

/** The count's rows, one a figure, as an object. */
const COUNTS = [
  '($f := $merge($states.result.ResultSet.Rows[Data[0].VarCharValue != "name"].{Data[0].VarCharValue: $number(Data[1].VarCharValue)});',
  "$group := function($name) { $merge($append([{}], $each($f, function($n, $key) {",
  '$substringBefore($key, ".") = $name and $contains($key, ".") ? {$substringAfter($key, "."): $n} }))) };',
  '{"rowsIn": $f.rowsIn, "leftOut": $group("leftOut"), "table": $group("table"), "csv": $group("csv")})',
].join(" ");

/** Counts, checks that Personalize can work with what there is, and writes the parts; `$parts` is the address of their list. */
export function partsStates(args: PartsSteps, next: string): States {
  const { workgroup, database } = args;
  const query = "$states.result.QueryExecution";
  return {
    CountInteractions: athenaTask(
      { statement: args.count, workgroup, database },
      { next: "ReadCounts", assign: { countQuery: jsonata(`${query}.QueryExecutionId`) }, catch: [failsAs("CountFailed")] },
    ),
    ReadCounts: queryResultTask(jsonata("$countQuery"), {
      next: "CheckMinimum",
      assign: { counts: jsonata(COUNTS) },
      catch: [failsAs("CountFailed")],
    }),
    CheckMinimum: choice(
      [
        { when: `$counts.table.rows > ${COUNTED}`, assign: { cause: jsonata(WRONG_TABLE) }, next: "WrongTable" },
        {
          when: `$counts.csv.rows < ${LEAST_ROWS} or $counts.csv.repeatUsers < ${LEAST_REPEAT_USERS}`,
          assign: { cause: jsonata(TOO_FEW) },
          next: "TooFewInteractions",
        },
      ],
      "WriteParts",
    ),
    WriteParts: athenaTask(
      { statement: args.write, workgroup, database },
      { next, assign: { parts: jsonata(`${query}.Statistics.DataManifestLocation`) }, catch: [failsAs("PartsFailed")] },
    ),
    CountFailed: fail(
      "the table is built and the CSV is as it was; mend the reason, then start again with the same run key.",
      "CountFailed",
    ),
    WrongTable: fail(
      "the CSV is as it was; history was removed meanwhile, or two runs wrote to one place: start again with rebuild: true.",
      "WrongTable",
    ),
    TooFewInteractions: fail(
      "the table is built and the CSV is as it was; wait for more events or drop more history.",
      "TooFewInteractions",
    ),
    PartsFailed: fail(
      "the table is built and the CSV is as it was; mend the reason, then start again with the same run key.",
      "PartsFailed",
    ),
  };
}

/** Rows that belong in the table; more can come after it is built, but none can go. */
const COUNTED = "$counts.rowsIn - $sum($append([0], $counts.leftOut.*))";

const WRONG_TABLE = `"the table of run date " & $runDate & " has " & $string($counts.table.rows) & " rows, only " & $string(${COUNTED}) & " belong in it"`;

const TOO_FEW = [
  `"Personalize needs ${LEAST_ROWS} rows and ${LEAST_REPEAT_USERS} users with 2 or more, run date " & $runDate & " has "`,
  '$string($counts.csv.rows) & " rows and " & $string($counts.csv.repeatUsers) & " such users; "',
  '$string($counts.rowsIn) & " rows came in, left out: " & $string($counts.leftOut)',
].join(" & ");
