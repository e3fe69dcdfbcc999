import { type Expression, athenaTask, choice, EXECUTION_HASH, fail, failsAs, jsonata, lambdaTask, sdkTask, type States } from "../states";
import { INTERACTIONS, TABLES } from "../../catalog/tableFormats";

/** What the interactions table is built from, and where it lies. */
export interface TableSteps {
  database: string;
  workgroup: string;
  lake: string;
  /** Key prefix of the table in lake; ends with a slash. */
  prefix: string;
  /** ARN of the function that reads the first row of every historical drop. */
  historyFunctionArn: string;
  /** Statement that unloads the snapshot to {@link runLocation}. */
  build: Expression;
}

/** Superseded runs that stay, for readers that are at work on them and to look back. */
const SUPERSEDED_KEPT = 2;

const RUN_ID = `$runHash & "-" & $substring(${EXECUTION_HASH}, 0, 8)`;

const dayPrefix = (prefix: string): string => `${JSON.stringify(`${prefix}dt=`)} & $runDate & "/run="`;

/** Where a run's snapshot lies: a JSONata expression. */
export function runLocation(lake: string, prefix: string): string {
  return `${JSON.stringify(`s3://${lake}/`)} & ${dayPrefix(prefix)} & $runId & "/"`;
}

/**
 * Builds a run date's snapshot and lets the table's partition point at it. What this run key has built already is not built again,
 * unless `$rebuild`; `$runId` is the run key's hash and 8 digits of the execution's, for a snapshot needs a place that nobody else writes to.
 */
export function tableStates(args: TableSteps, next: string): States {
  const { database, lake, prefix } = args;
  const table = { DatabaseName: database, TableName: TABLES.interactions };
  const partition = {
    Values: [jsonata("$runDate")],
    Parameters: { runId: jsonata("$runId"), superseded: jsonata(SUPERSEDED) },
    StorageDescriptor: { ...INTERACTIONS, Location: jsonata(runLocation(lake, prefix)) },
  };
  return {
    FindPartition: sdkTask(
      "glue:getPartition",
      { ...table, PartitionValues: [jsonata("$runDate")] },
      {
        next: "ReusePartition",
        assign: {
          publishedRun: jsonata('$exists($states.result.Partition.Parameters.runId) ? $states.result.Partition.Parameters.runId : ""'),
          superseded: jsonata(
            '$exists($states.result.Partition.Parameters.superseded) ? $states.result.Partition.Parameters.superseded : ""',
          ),
        },
        catch: [
          { ErrorEquals: ["Glue.EntityNotFoundException"], Assign: { publishedRun: "", superseded: "" }, Next: "CheckHistory" },
          failsAs("CatalogFailed"),
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
      "CheckHistory",
    ),
    CheckHistory: lambdaTask(
      { functionArn: args.historyFunctionArn, payload: {} },
      {
        next: "BuildInteractions",
        assign: { runId: jsonata(RUN_ID) },
        catch: [failsAs("HistoryHeader", ["HistoryHeader"]), failsAs("HistoryFailed")],
      },
    ),
    BuildInteractions: athenaTask(
      { statement: args.build, workgroup: args.workgroup, database },
      { next: "PublishPartition", catch: [failsAs("BuildFailed")] },
    ),
    PublishPartition: sdkTask(
      "glue:createPartition",
      { ...table, PartitionInput: partition },
      {
        next,
        catch: [{ ErrorEquals: ["Glue.AlreadyExistsException"], Next: "ReplacePartition" }, failsAs("CatalogFailed")],
      },
    ),
    ReplacePartition: sdkTask(
      "glue:updatePartition",
      { ...table, PartitionValueList: [jsonata("$runDate")], PartitionInput: partition },
      { next, catch: [failsAs("CatalogFailed")] },
    ),
    CatalogFailed: fail("the table must exist, and the pipeline's role must be allowed to read and write its partitions.", "CatalogFailed"),
    HistoryHeader: fail("mend or remove the drop, then start the pipeline again with the same run key.", "HistoryHeader"),
    HistoryFailed: fail(
      "the historical drops could not be looked at, nothing was changed; mend the reason, then start again with the same run key.",
      "HistoryFailed",
    ),
    BuildFailed: fail(
      "no table and no CSV was changed; mend the reason, then start the pipeline again with the same run key.",
      "BuildFailed",
    ),
  };
}

/** The run that is replaced and those before it, newest first, as one text. */
const SUPERSEDED = [
  '($before := $append($publishedRun, $split($superseded, ","))[$ != "" and $ != $runId];',
  `$exists($before) ? $join($before[[0..${SUPERSEDED_KEPT - 1}]], ",") : "")`,
].join(" ");

/** Removes the run date's snapshots but for the partition's own and the last superseded ones, page by page. */
export function cleanUpStates({ lake, prefix }: Pick<TableSteps, "lake" | "prefix">, next: string): States {
  const kept = `$append($runId, $split(${SUPERSEDED}, ","))`;
  const runOf = '$substringBefore($substringAfter($p.Prefix, "/run="), "/")';
  const stale = `$filter($states.result.CommonPrefixes, function($p) { $not(${runOf} in ${kept}) })[0].Prefix`;
  const failed = { catch: [failsAs("CleanUpFailed")] };
  return {
    ListRuns: sdkTask(
      "s3:listObjectsV2",
      { Bucket: lake, Prefix: jsonata(dayPrefix(prefix)), Delimiter: "/" },
      { next: "FindSuperseded", assign: { stale: jsonata(`($found := ${stale}; $exists($found) ? $found : "")`) }, ...failed },
    ),
    FindSuperseded: choice([{ when: '$stale != ""', next: "ListSuperseded" }], next),
    ListSuperseded: sdkTask(
      "s3:listObjectsV2",
      { Bucket: lake, Prefix: jsonata("$stale"), MaxKeys: 500 },
      { next: "RemoveSuperseded", assign: { keys: jsonata("[$states.result.Contents.Key]") }, ...failed },
    ),
    RemoveSuperseded: sdkTask(
      "s3:deleteObjects",
      { Bucket: lake, Delete: { Objects: jsonata('[$map($keys, function($key) { {"Key": $key} })]'), Quiet: true } },
      {
        next: "CheckRemoved",
        assign: { cause: jsonata('$exists($states.result.Errors) ? $string($states.result.Errors[0]) : ""') },
        ...failed,
      },
    ),
    CheckRemoved: choice([{ when: '$cause != ""', next: "CleanUpFailed" }], "ListRuns"),
    CleanUpFailed: fail(
      "the CSV is in place; only superseded snapshots in lake are left: the pipeline's role must be allowed to list and delete them.",
      "CleanUpFailed",
    ),
  };
}
