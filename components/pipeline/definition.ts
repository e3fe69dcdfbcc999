import type { Exporter, PartsOrigin } from "../interactionExport/exportLocations";
import { cachePrefixes, interactionsPrefix } from "../shared/naming";
import type { TenantContext } from "../shared/tenantContext";
import { type ExportSteps, exportStates, nameStates } from "./steps/export";
import { partsLocation, partsStates } from "./steps/parts";
import { prepareStates } from "./steps/prepare";
import { type RecommenderSteps, recommenderStates } from "./steps/recommender";
import { cleanUpStates, runLocation, tableStates } from "./steps/table";
import { turnStates } from "./steps/turn";
import type { RecommenderResources } from "../recommender/recommenderResources";
import { readStatement, type SqlValues, statementExpression } from "./statements";
import { jsonata, type States } from "./states";

/** All that the state machine's definition depends on; plain text, so that a preview shows it in full. */
export interface DefinitionArgs {
  context: TenantContext;
  /** Name of the Glue database. */
  database: string;
  /** Name of the Athena workgroup. */
  workgroup: string;
  /** What joins the parts to the CSV; a run's output names its engine. */
  exporter: Exporter;
  /** Where the parts come from. */
  parts: PartsOrigin;
  /** Columns of the CSV, in order. */
  interactionColumns: readonly string[];
  /** Event type of rows that have none. */
  defaultEventType: string;
  /** Event types that count as interactions. @default all but impression */
  eventTypes?: readonly string[];
  /** Whether the CSV has the interactions that came as events, which Personalize knows already. */
  streamedEvents: "include" | "exclude";
  /** What the CSV is imported into, and what is trained and deployed. */
  recommender: RecommenderResources;
  /** Whether a run trains: never, each time, or when the newest solution version is about a week old. */
  train: "never" | "afterExport" | "weekly";
  /** Hours that an execution waits for others, and for each job of Personalize, at most. */
  maxWaitHours: number;
}

/** A state machine as the Amazon States Language describes it: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html */
export interface Definition {
  Comment: string;
  QueryLanguage: "JSONata";
  StartAt: string;
  TimeoutSeconds: number;
  States: States;
}

/** Hours that a run may take beside its waits. */
const RUN_HOURS = 24;
/** What is waited for at most so long each: the execution's turn, an import, a solution, a training, a deployment. */
const WAITS = 5;

/** From the lake to the one CSV, and from there to a campaign. */
export function pipelineDefinition(args: DefinitionArgs): Definition {
  const { maxWaitHours, parts } = args;
  const { comment, first, states, output } = "sourcePrefix" in parts ? sourceSteps(args) : querySteps(args, parts);
  return {
    Comment: comment,
    QueryLanguage: "JSONata",
    StartAt: "Prepare",
    TimeoutSeconds: (WAITS * maxWaitHours + RUN_HOURS) * 3600,
    States: {
      ...prepareStates("TakePlace"),
      ...turnStates(maxWaitHours, first),
      ...states,
      Done: { Type: "Succeed", Output: { ...OUTPUT, ...output, ...recommended(args), engine: args.exporter.engine } },
    },
  };
}

const OUTPUT = {
  runId: jsonata("$runId"),
  runDate: jsonata("$runDate"),
  runKey: jsonata("$runKey"),
  export: jsonata("$exported"),
  training: jsonata("$training"),
};

function recommended({ recommender: { campaign } }: DefinitionArgs): Record<string, string> {
  return campaign ? { campaignArn: campaign.arn } : {};
}

/** What comes between an execution's turn and its end. */
interface Steps {
  comment: string;
  /** Name of the first state. */
  first: string;
  states: States;
  /** What a run's output has besides. */
  output: Record<string, unknown>;
}

function querySteps(args: DefinitionArgs, { historyFunctionArn }: { historyFunctionArn: string }): Steps {
  const { database, workgroup } = args;
  const { buckets, keyPrefix } = args.context;
  const table = { database, workgroup, lake: buckets.lake, prefix: interactionsPrefix(keyPrefix), historyFunctionArn };
  const { build, count, write } = statements(args);
  return {
    comment: "History and events of the lake become the interactions table and one CSV, of which Amazon Personalize learns.",
    first: "FindPartition",
    states: {
      ...tableStates({ ...table, build }, "CountInteractions"),
      ...partsStates({ database, workgroup, count, write }, "Export"),
      ...exportStates(exporting(args), "BeginImport"),
      ...recommenderStates(recommending(args), "ListRuns"),
      ...cleanUpStates(table, "Done"),
    },
    output: { counts: jsonata("$counts") },
  };
}

function sourceSteps(args: DefinitionArgs): Steps {
  return {
    comment: "Somebody else's parts in the lake become one CSV, of which Amazon Personalize learns.",
    first: "NameExport",
    states: {
      ...nameStates("Export"),
      ...exportStates(exporting(args), "BeginImport"),
      ...recommenderStates(recommending(args), "Done"),
    },
    output: {},
  };
}

function exporting({ exporter, parts, context: { buckets, keyPrefix } }: DefinitionArgs): ExportSteps {
  return { exporter, parts, lake: buckets.lake, cache: buckets.cache, work: cachePrefixes(keyPrefix).inflated };
}

function recommending({ context, recommender, train, maxWaitHours }: DefinitionArgs): RecommenderSteps {
  return { context, recommender, train, maxWaitHours };
}

function statements(args: DefinitionArgs) {
  const { database, streamedEvents } = args;
  const { buckets, keyPrefix } = args.context;
  const partition: SqlValues = { database: { identifier: database }, run_date: { jsonata: "$runDate" } };
  const rows: SqlValues = {
    ...partition,
    classified_rows: { fragment: readStatement("classified_rows") },
    last_hour: { jsonata: '$replace($runDate, "-", "/") & "/23"' },
    default_event_type: { text: args.defaultEventType },
    counted_types: { list: args.eventTypes ?? [] },
    ignored_types: { list: args.eventTypes ? [] : ["impression"] },
  };
  const lines: SqlValues = {
    ...partition,
    csv_lines: { fragment: readStatement("csv_lines") },
    with_event_type: { flag: args.interactionColumns.includes("EVENT_TYPE") },
    without_streamed: { flag: streamedEvents === "exclude" },
  };
  const destination = { jsonata: runLocation(buckets.lake, interactionsPrefix(keyPrefix)) };
  const parts = { jsonata: partsLocation(buckets.cache, cachePrefixes(keyPrefix).parts) };
  return {
    build: statementExpression(readStatement("build_interactions"), { ...rows, destination }),
    count: statementExpression(readStatement("count_interactions"), { ...rows, ...lines }),
    write: statementExpression(readStatement("write_parts"), { ...lines, destination: parts }),
  };
}
