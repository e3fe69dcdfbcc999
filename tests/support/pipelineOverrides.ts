import type { Overrides } from "../../config/settings";
import { type Effect, type Pair, replaced } from "./overrideEffects";

type Section<K extends keyof Overrides> = keyof NonNullable<Overrides[K]> & string;
/** Path of a setting that a tenant can override. */
export type Setting = {
  [K in keyof Overrides]-?: NonNullable<Overrides[K]> extends object ? `${K}.${Section<K>}` : K;
}[keyof Overrides];

/** An override and its effect. */
export type Overridden = [override: Overrides, effect: Effect];

const REGIONAL = "ap-southeast-1:123456789012";
const SCHEMA = "recommender-schema desiredState";
const MACHINE = "pipeline-state-machine definition";
const [BUILD, COUNT, WRITE] = ["BuildInteractions", "CountInteractions", "WriteParts"].map(
  (state) => `${MACHINE}.States.${state}.Arguments.QueryString`,
);
const both = (one: string, other: string, ...pairs: Pair[]) => ({ [one]: replaced(...pairs), [other]: replaced(...pairs) });
const TRAINING = /^(pipeline-role-policy|pipeline-state-machine)$/;
const CAMPAIGN = `arn:aws:personalize:${REGIONAL}:campaign/TENANT-c360-recommender-campaign-dev`;
const NONE = "CAST(ARRAY[] AS array(varchar))";

const existing = {
  datasetGroupArn: `arn:aws:personalize:${REGIONAL}:dataset-group/by-hand`,
  datasetArn: `arn:aws:personalize:${REGIONAL}:dataset/by-hand/INTERACTIONS`,
  trackingId: "7c1f0e1a-0000-4000-8000-000000000000",
};

type OfPipeline = Extract<Setting, `${"recommender" | "export" | "pipeline"}.${string}`>;

/** Effect of each setting of recommender, export and pipeline on one tenant of dev. */
export const PIPELINE_OVERRIDES: Record<OfPipeline, Overridden> = {
  "recommender.interactionColumns": [
    { recommender: { interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"] } },
    {
      set: {
        [`${SCHEMA}.Name`]: /^TENANT-c360-recommender-schema-[0-9a-f]{5}-dev$/,
        [`${SCHEMA}.Schema`]: /^(?!.*EVENT_TYPE).*TIMESTAMP/,
        "export-export-function environment.variables.COLUMNS": "USER_ID,ITEM_ID,TIMESTAMP",
        "export-export-function environment.variables.HEADER": "USER_ID,ITEM_ID,TIMESTAMP",
        ...both(COUNT, WRITE, ["NOT TRUE THEN", "NOT FALSE THEN"], ["WHEN TRUE THEN", "WHEN FALSE THEN"]),
      },
    },
  ],
  "recommender.defaultEventType": [
    { recommender: { defaultEventType: "watch" } },
    { set: both(BUILD, COUNT, ["'interaction'", "'watch'"]) },
  ],
  "recommender.eventTypes": [
    { recommender: { eventTypes: ["watch", "buy"] } },
    { set: both(BUILD, COUNT, [NONE, "ARRAY['watch', 'buy']"], ["ARRAY['impression']", NONE]) },
  ],
  "export.engine": [
    { export: { engine: "glue" } },
    {
      gone: /^export-export-(function|logs)$/,
      made: /^export-export-(job|script|module-\w+|output-logs|error-logs)( |$)/,
      remade: /^(export-export-role|export-export-role-policy|pipeline-role-policy|pipeline-state-machine)$/,
      set: {
        "export-export-job name": "TENANT-c360-recommender-export-dev",
        "export-export-role name": "TENANT-c360-recommender-export-dev",
        [`${MACHINE}.States.Export.Arguments.JobName`]: "TENANT-c360-recommender-export-dev",
        [`${MACHINE}.States.Done.Output.engine`]: "glue",
      },
    },
  ],
  "export.source": [
    { export: { source: { prefix: "crm/interactions/", header: "user,item" } } },
    {
      gone: /^export-history-/,
      remade: /^(export-export-role-policy|pipeline-role-policy|pipeline-state-machine)$/,
      set: {
        "export-export-function environment.variables.HEADER": "user,item",
        "export-export-function memorySize": 1769,
        "export-export-function environment.variables.PARTS_LOCATION": "s3://TENANT-c360-lake-dev/crm/interactions/",
        [`${MACHINE}.States.Export.Arguments.Payload.source`]: '{% "s3://TENANT-c360-lake-dev/crm/interactions/dt=" & $runDate & "/" %}',
      },
    },
  ],
  "export.streamedEvents": [{ export: { streamedEvents: "exclude" } }, { set: both(COUNT, WRITE, ["NOT (FALSE AND", "NOT (TRUE AND"]) }],
  "pipeline.schedule": [
    { pipeline: { schedule: "rate(1 day)" } },
    { made: /^pipeline-schedule/, set: { "pipeline-schedule scheduleExpression": "rate(1 day)" } },
  ],
  "pipeline.timeZone": [
    { pipeline: { schedule: "rate(1 day)", timeZone: "Asia/Singapore" } },
    { made: /^pipeline-schedule/, set: { "pipeline-schedule scheduleExpressionTimezone": "Asia/Singapore" } },
  ],
  "pipeline.train": [
    { pipeline: { train: "weekly" } },
    {
      remade: TRAINING,
      set: {
        [`${MACHINE}.States.Train.Arguments.TrainingMode`]: "FULL",
        [`${MACHINE}.States.CheckRecentVersions.Default`]: "ReadRecentVersion",
        "pipeline-role-policy role": "TENANT-c360-recommender-pipeline-dev",
      },
    },
  ],
  "pipeline.maxWaitHours": [
    { pipeline: { maxWaitHours: 2 } },
    {
      set: {
        [`${MACHINE}.TimeoutSeconds`]: (5 * 2 + 24) * 3600,
        ...Object.fromEntries(
          ["CheckImport.Choices.3", "CheckImportQuota.Choices.0"].flatMap((choice) => [
            [`${MACHINE}.States.${choice}.Condition`, replaced([" > 86400000 ", " > 7200000 "])],
            [`${MACHINE}.States.${choice}.Assign.cause`, replaced([" 24 hours ", " 2 hours "])],
          ]),
        ),
        [`${MACHINE}.States.CheckLock.Choices.2.Condition`]: replaced([" > 86400000 ", " > 7200000 "]),
        [`${MACHINE}.States.LockTimeout.Cause`]: replaced([" 24 hours ", " 2 hours "]),
      },
    },
  ],
  "pipeline.maxBadShare": [
    { pipeline: { maxBadShare: 0.5 } },
    {
      set: {
        [`${MACHINE}.States.CheckMinimum.Choices.1.Condition`]: replaced([" > 0.1 ", " > 0.5 "]),
        [`${MACHINE}.States.TooManyBadRows.Cause`]: replaced([" 0.1.", " 0.5."]),
      },
    },
  ],
  "pipeline.maxShrink": [
    { pipeline: { maxShrink: 0 } },
    { set: { [`${MACHINE}.States.Export.Arguments.Payload.maxShrink`]: "{% $acceptShrink ? 1 : 0 %}" } },
  ],
  "recommender.sourceConditions": [
    { recommender: { sourceConditions: false } },
    {
      set: Object.fromEntries(
        ["1.Condition.StringEquals.aws:SourceAccount", "1.Condition.StringLike.aws:SourceArn"]
          .flatMap((path) => [path, path.replace("1", "2")])
          .map((path) => [`lake-downstream-policy policy.Statement.${path}`, undefined]),
      ),
    },
  ],
  "recommender.existing": [
    { recommender: { existing } },
    {
      gone: /^recommender-(dataset|dataset-group|schema|tracker)$/,
      set: {
        "forwarder-function environment.variables.TRACKING_ID": existing.trackingId,
        [`${MACHINE}.States.Import.Arguments.DatasetArn`]: existing.datasetArn,
      },
    },
  ],
  "recommender.recipe": [
    { pipeline: { train: "afterExport" }, recommender: { recipe: "aws-popularity-count" } },
    {
      remade: TRAINING,
      set: {
        [`${MACHINE}.States.EnsureSolution.Arguments.Name`]: "TENANT-c360-recommender-solution-dev-488",
        [`${MACHINE}.States.EnsureSolution.Arguments.RecipeArn`]: "arn:aws:personalize:::recipe/aws-popularity-count",
        [`${MACHINE}.States.Train.Arguments.SolutionArn`]: `arn:aws:personalize:${REGIONAL}:solution/TENANT-c360-recommender-solution-dev-488`,
      },
    },
  ],
  "recommender.campaign": [
    { recommender: { campaign: true } },
    {
      made: /^recommender-consumer( |$)/,
      remade: TRAINING,
      set: { [`${MACHINE}.States.Done.Output.campaignArn`]: CAMPAIGN, "recommender-consumer policy.Statement.0.Resource": CAMPAIGN },
    },
  ],
  "recommender.minProvisionedTps": [
    { pipeline: { train: "afterExport" }, recommender: { campaign: true, minProvisionedTps: 7 } },
    {
      made: /^recommender-consumer( |$)/,
      remade: TRAINING,
      set: {
        [`${MACHINE}.States.CreateCampaign.Arguments.MinProvisionedTPS`]: 7,
        [`${MACHINE}.States.UpdateCampaign.Arguments.MinProvisionedTPS`]: 7,
        [`${MACHINE}.States.CreateCampaign.Arguments.Name`]: "TENANT-c360-recommender-campaign-dev",
      },
    },
  ],
  "recommender.metric": [
    { pipeline: { train: "afterExport" }, recommender: { metric: "precision_at_5" } },
    {
      remade: TRAINING,
      set: {
        [`${MACHINE}.States.QualityGate.Choices.0.Condition`]: /\$lookup\(\$present, "precision_at_5"\)/,
        [`${MACHINE}.States.AcceptVersion.Arguments.Body.metric`]: '{% "precision_at_5" %}',
      },
    },
  ],
  "recommender.tolerance": [
    { pipeline: { train: "afterExport" }, recommender: { tolerance: 0.25 } },
    { remade: TRAINING, set: { [`${MACHINE}.States.QualityGate.Choices.0.Condition`]: / \$new >= \$old \* 0\.75 / } },
  ],
  "recommender.requireBaseline": [
    { pipeline: { train: "afterExport" }, recommender: { requireBaseline: true } },
    {
      remade: TRAINING,
      set: {
        [`${MACHINE}.States.EnsureBaselineSolution.Arguments.Name`]: "TENANT-c360-recommender-solution-dev-488",
        [`${MACHINE}.States.BaselineGate.Choices.0.Condition`]: / \$new > \$old /,
      },
    },
  ],
  "recommender.protect": [
    { recommender: { protect: true } },
    { set: Object.fromEntries(["dataset", "dataset-group", "schema", "tracker"].map((part) => [`recommender-${part} protect`, true])) },
  ],
};
