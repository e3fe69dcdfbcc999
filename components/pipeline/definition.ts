import type { Exporter, PartsOrigin } from "../interactionExport/exportLocations";
import type { RecommenderResources } from "../recommender/recommenderResources";
import type { TenantContext } from "../shared/tenantContext";
import { jsonata, sequence, type States, type Step } from "./states";
import { deployCampaign } from "./steps/campaign";
import { exportCsv, nameExport } from "./steps/export";
import { importCsv } from "./steps/import";
import { acquireLock } from "./steps/lock";
import { countInteractions, writeParts } from "./steps/parts";
import { prepareRun } from "./steps/prepare";
import { noticeOfRefusal, qualityGate } from "./steps/gate";
import { leaveCampaign, noTraining, recordRun, skipTraining } from "./steps/record";
import { buildInteractions, cleanUp, describeHistory, publishPartition, unlessBuilt } from "./steps/table";
import { ensureSolution, onceAWeek, readMetrics, trainingFailed, trainVersion } from "./steps/training";

/** Everything that the state machine's definition depends on: plain values, so that a preview shows the definition in full. */
export interface DefinitionArgs {
  context: TenantContext;
  /** Name of the Glue database. */
  database: string;
  /** Name of the Athena workgroup. */
  workgroup: string;
  /** Engine that joins the parts to the CSV. */
  exporter: Exporter;
  /** Where the parts come from. */
  parts: PartsOrigin;
  /** Columns of the CSV, in order. */
  interactionColumns: readonly string[];
  /** Event type of rows that have none. */
  defaultEventType: string;
  /** Event types that count as interactions. @default all but impression */
  eventTypes?: readonly string[];
  /** Whether the CSV has the interactions that also came as events, which Personalize has already. */
  streamedEvents: "include" | "exclude";
  /** What the CSV is imported into, and what is trained and deployed. */
  recommender: RecommenderResources;
  /** ARN of the topic to which a run publishes what people should know. */
  noticesTopicArn: string;
  /** Whether a run trains: never, always, or when the newest solution version is about a week old. */
  train: "never" | "afterExport" | "weekly";
  /** Longest time in hours that an execution waits for the lock, and for each Personalize resource. */
  maxWaitHours: number;
  /** Share of the rows that come in, from 0 to 1, above which bad rows end a run. */
  maxBadShare: number;
  /** Share of its rows, from 0 to 1, above which the CSV must not shrink. */
  maxShrink: number;
}

/** A state machine as the Amazon States Language describes it: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html */
export interface Definition {
  Comment: string;
  QueryLanguage: "JSONata";
  StartAt: string;
  TimeoutSeconds: number;
  States: States;
}

/** Hours that a run may take besides its waits. */
const RUN_HOURS = 24;
/** Waits of up to `maxWaitHours` each: for the lock, an import, a solution, a training and a deployment. */
const WAITS = 5;
/** Further waits for a baseline: for its solution and its training. */
const BASELINE_WAITS = 2;

/** The state machine that takes a run from the lake to one CSV, and from there to a campaign. */
export function pipelineDefinition(args: DefinitionArgs): Definition {
  const { parts, maxWaitHours, recommender, train } = args;
  const fromQuery = "historyFunctionArn" in parts;
  const waits = WAITS + (train !== "never" && recommender.gate.baseline ? BASELINE_WAITS : 0);
  const { first, states } = sequence([
    prepareRun(),
    acquireLock(maxWaitHours),
    ...(fromQuery
      ? [
          unlessBuilt(args, [describeHistory(parts.historyFunctionArn), buildInteractions(args), publishPartition(args)]),
          countInteractions(args),
          writeParts(args),
        ]
      : [nameExport()]),
    exportCsv(args),
    importCsv(args),
    ...trainAndDeploy(args),
    recordRun(args),
    ...(fromQuery ? [cleanUp(args)] : []),
  ]);
  return {
    Comment: fromQuery
      ? "Builds the interactions table and one CSV from the lake's history and events, and imports the CSV into Amazon Personalize."
      : "Joins the parts of another pipeline in the lake to one CSV, and imports it into Amazon Personalize.",
    QueryLanguage: "JSONata",
    StartAt: first,
    TimeoutSeconds: (waits * maxWaitHours + RUN_HOURS) * 3600,
    States: { ...states("Done"), Done: { Type: "Succeed", Output: output(args) } },
  };
}

function trainAndDeploy(args: DefinitionArgs): Step[] {
  const { train, recommender, maxWaitHours } = args;
  const { campaign } = recommender;
  if (train === "never" && !campaign) return [noTraining()];
  const deployment = campaign ? deployCampaign(campaign, maxWaitHours) : leaveCampaign(false);
  return [...training(args), qualityGate(args), deployment, ...(train === "never" ? [] : [noticeOfRefusal(args)])];
}

function training(args: DefinitionArgs): Step[] {
  const { train } = args;
  if (train === "never") return [skipTraining()];
  const steps = [trainVersion(args), readMetrics()] as const;
  const [first, ...rest] = [ensureSolution(args), ...(train === "weekly" ? [onceAWeek(args, ...steps)] : steps)];
  return [{ first: first.first, states: (next) => ({ ...first.states(next), ...trainingFailed }) }, ...rest];
}

function output({ parts, recommender, exporter }: DefinitionArgs): Record<string, unknown> {
  return {
    runId: jsonata("$runId"),
    runDate: jsonata("$runDate"),
    runKey: jsonata("$runKey"),
    export: jsonata("$exported"),
    training: jsonata("$training"),
    ...("historyFunctionArn" in parts && { counts: jsonata("$counts") }),
    ...(recommender.campaign && { campaignArn: recommender.campaign.arn }),
    engine: exporter.engine,
  };
}
