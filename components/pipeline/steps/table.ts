import { INTERACTIONS, TABLES } from "../../catalog/tableFormats";
import { interactionsPrefix } from "../../shared/naming";
import type { DefinitionArgs } from "../definition";
import { readStatement, type SqlValues, statementExpression } from "../statements";
import { athenaTask, catchTo, choice, EXECUTION_HASH, fail, jsonata, lambdaTask, sdkTask, sequence, type Step } from "../states";

/** Superseded snapshots of a run date that stay, for queries that still read them and for looking back. */
const SUPERSEDED_KEPT = 2;

/** The run key's hash and 8 digits of the execution's, because no other execution may write to a snapshot's location. */
const RUN_ID = `$runHash & "-" & $substring(${EXECUTION_HASH}, 0, 8)`;

/** The run that is replaced and those before it, newest first, as one text. */
const SUPERSEDED = `(
  $before := $append($publishedRun, $split($superseded, ","))[$ != "" and $ != $runId];
  $exists($before) ? $join($before[[0..${SUPERSEDED_KEPT - 1}]], ",") : ""
)`;

/** Prefix of a run date's first snapshot that is neither the table's nor one of the last superseded; an empty text when there is none. */
const STALE = `(
  $kept := $append($runId, $split(${SUPERSEDED}, ","));
  $runOf := function($prefix) { $substringBefore($substringAfter($prefix, "/run="), "/") };
  $stale := $filter($states.result.CommonPrefixes, function($p) { $not($runOf($p.Prefix) in $kept) })[0].Prefix;
  $exists($stale) ? $stale : ""
)`;

/** The snapshots of a run date, below the table's prefix: a JSONata expression. */
const dayPrefix = (keyPrefix: string): string => `${JSON.stringify(`${interactionsPrefix(keyPrefix)}dt=`)} & $runDate & "/run="`;

/** `s3://` address of a run's snapshot: a JSONata expression. */
function snapshotLocation({ context: { buckets, keyPrefix } }: DefinitionArgs): string {
  return `${JSON.stringify(`s3://${buckets.lake}/`)} & ${dayPrefix(keyPrefix)} & $runId & "/"`;
}

/** Values of the statements that read history and raw events, by parameter. */
export function classifiedRows({ database, defaultEventType, eventTypes }: DefinitionArgs): SqlValues {
  return {
    database: { identifier: database },
    run_date: { jsonata: "$runDate" },
    classified_rows: { fragment: readStatement("classified_rows") },
    history_rows: { fragment: readStatement("history_rows") },
    event_rows: { fragment: readStatement("event_rows") },
    last_hour: { jsonata: '$replace($runDate, "-", "/") & "/23"' },
    default_event_type: { text: defaultEventType },
    counted_types: { list: eventTypes ?? [] },
    ignored_types: { list: eventTypes ? [] : ["impression"] },
  };
}

/**
 * Skips the build where the run date's partition is of this run key already, unless `$rebuild`. Sets `$runId`, `$publishedRun` (the run
 * that the partition points at) and `$superseded` (the runs before it).
 */
export function unlessBuilt({ database }: DefinitionArgs, build: Step[]): Step {
  const { first, states } = sequence(build);
  const parameter = (name: string) => {
    const found = `$states.result.Partition.Parameters.${name}`;
    return jsonata(`$exists(${found}) ? ${found} : ""`);
  };
  return {
    first: "FindPartition",
    states: (next) => ({
      FindPartition: sdkTask(
        "glue:getPartition",
        { DatabaseName: database, TableName: TABLES.interactions, PartitionValues: [jsonata("$runDate")] },
        {
          next: "ReusePartition",
          assign: { publishedRun: parameter("runId"), superseded: parameter("superseded") },
          catch: [
            { ErrorEquals: ["Glue.EntityNotFoundException"], Assign: { publishedRun: "", superseded: "" }, Next: first },
            catchTo("CatalogFailed"),
          ],
        },
      ),
      ReusePartition: choice(
        [
          {
            when: '$not($rebuild) and $substringBefore($publishedRun, "-") = $runHash',
            assign: { runId: jsonata("$publishedRun") },
            next,
          },
        ],
        first,
      ),
      ...states(next),
      CatalogFailed: fail(
        "The table must exist, and the pipeline's role must be allowed to read and write its partitions: run pulumi up.",
        "CatalogFailed",
      ),
    }),
  };
}

/** Describes every history file for the queries. An invocation that runs out of time leaves the rest to the next one. */
export function describeHistory(historyFunctionArn: string): Step {
  return {
    first: "DescribeHistory",
    states: (next) => ({
      DescribeHistory: lambdaTask(
        { functionArn: historyFunctionArn, payload: {} },
        {
          next: "CheckDescribed",
          assign: { runId: jsonata(RUN_ID), undescribed: jsonata("$states.result.Payload.left") },
          catch: [catchTo("HistoryRefused", ["HistoryRefused"]), catchTo("HistoryFailed")],
        },
      ),
      CheckDescribed: choice([{ when: "$undescribed > 0", next: "DescribeHistory" }], next),
      HistoryRefused: fail(
        "No query has run, and nothing was changed. Fix or remove the files, then start the pipeline again with the same run key.",
        "HistoryRefused",
      ),
      HistoryFailed: fail(
        "The history files could not be read, and nothing was changed. Fix the cause, then start again with the same run key.",
        "HistoryFailed",
      ),
    }),
  };
}

/** Unloads the run date's snapshot to a location of its own. */
export function buildInteractions(args: DefinitionArgs): Step {
  const { workgroup, database } = args;
  const values = { ...classifiedRows(args), destination: { jsonata: snapshotLocation(args) } };
  const statement = statementExpression(readStatement("build_interactions"), values);
  return {
    first: "BuildInteractions",
    states: (next) => ({
      BuildInteractions: athenaTask({ statement, workgroup, database }, { next, catch: [catchTo("BuildFailed")] }),
      BuildFailed: fail(
        "The table and the CSV are unchanged. Fix the cause, then start the pipeline again with the same run key.",
        "BuildFailed",
      ),
    }),
  };
}

/** Points the table's partition at the run's snapshot. */
export function publishPartition(args: DefinitionArgs): Step {
  const table = { DatabaseName: args.database, TableName: TABLES.interactions };
  const partition = {
    Values: [jsonata("$runDate")],
    Parameters: { runId: jsonata("$runId"), superseded: jsonata(SUPERSEDED) },
    StorageDescriptor: { ...INTERACTIONS, Location: jsonata(snapshotLocation(args)) },
  };
  return {
    first: "PublishPartition",
    states: (next) => ({
      PublishPartition: sdkTask(
        "glue:createPartition",
        { ...table, PartitionInput: partition },
        {
          next,
          catch: [{ ErrorEquals: ["Glue.AlreadyExistsException"], Next: "ReplacePartition" }, catchTo("CatalogFailed")],
        },
      ),
      ReplacePartition: sdkTask(
        "glue:updatePartition",
        { ...table, PartitionValueList: [jsonata("$runDate")], PartitionInput: partition },
        { next, catch: [catchTo("CatalogFailed")] },
      ),
    }),
  };
}

/** Removes the run date's snapshots, except the table's and the last superseded ones, page by page. */
export function cleanUp({ context: { buckets, keyPrefix } }: Pick<DefinitionArgs, "context">): Step {
  const failed = { catch: [catchTo("CleanUpFailed")] };
  return {
    first: "ListRuns",
    states: (next) => ({
      ListRuns: sdkTask(
        "s3:listObjectsV2",
        { Bucket: buckets.lake, Prefix: jsonata(dayPrefix(keyPrefix)), Delimiter: "/" },
        { next: "FindSuperseded", assign: { stale: jsonata(STALE) }, ...failed },
      ),
      FindSuperseded: choice([{ when: '$stale != ""', next: "ListSuperseded" }], next),
      ListSuperseded: sdkTask(
        "s3:listObjectsV2",
        { Bucket: buckets.lake, Prefix: jsonata("$stale"), MaxKeys: 500 },
        { next: "RemoveSuperseded", assign: { keys: jsonata("[$states.result.Contents.Key]") }, ...failed },
      ),
      RemoveSuperseded: sdkTask(
        "s3:deleteObjects",
        { Bucket: buckets.lake, Delete: { Objects: jsonata('[$map($keys, function($key) { {"Key": $key} })]'), Quiet: true } },
        {
          next: "CheckRemoved",
          assign: { cause: jsonata('$exists($states.result.Errors) ? $string($states.result.Errors[0]) : ""') },
          ...failed,
        },
      ),
      CheckRemoved: choice([{ when: '$cause != ""', next: "CleanUpFailed" }], "ListRuns"),
      CleanUpFailed: fail(
        "The CSV is in place; only superseded snapshots are left in lake. Allow the pipeline's role to list and delete them.",
        "CleanUpFailed",
      ),
    }),
  };
}
