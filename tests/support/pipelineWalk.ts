import { pipelineDefinition, type DefinitionArgs } from "../../components/pipeline/definition";
import { DEFINITION_ARGS } from "./definitionArgs";
import { executionArn, type Respond, TaskError, walk, type Walked, type WalkOptions } from "./walk";

/** Result of the count query: one row per figure. */
export function countRows(figures: Record<string, number>): unknown {
  const rows = [["name", "value"], ...Object.entries(figures).map(([name, value]) => [name, String(value)])];
  return { ResultSet: { Rows: rows.map((cells) => ({ Data: cells.map((VarCharValue) => ({ VarCharValue })) })) } };
}

/** Figures of a run that Personalize can work with. */
export const FIGURES = {
  ...{ rowsIn: 1002, "leftOut.badJson": 1, "leftOut.duplicate": 1, "table.rows": 1000, "table.users": 25, "table.items": 40 },
  ...{ "csv.rows": 1000, "csv.users": 25, "csv.items": 40, "csv.repeatUsers": 25, "csv.bytes": 30_000 },
  ...{ "csv.eventTypes": 3, "bad.badJson.s3://upstream/latest/2026/01/31/00/a.gz": 1 },
};

const gone =
  (error: string): Respond =>
  () => {
    throw new TaskError(error);
  };
const active =
  (member: string, more: object = {}): Respond =>
  (_given, _call, now) => ({
    [member]: { Status: "ACTIVE", CreationDateTime: new Date(now).toISOString(), ...more },
  });
const EXPORTED = { decision: "replaced", reason: "new", manifest: { rows: 1000, users: 25, items: 40 } };

/** Responses of every task where nothing was built, imported, trained or deployed before. */
export const RESPONSES: Record<string, Respond> = {
  ListExecutions: () => ({ Executions: [{ ExecutionArn: executionArn() }] }),
  FindPartition: gone("Glue.EntityNotFoundException"),
  DescribeHistory: () => ({ Payload: { objects: 1, bytes: 10, left: 0 } }),
  BuildInteractions: () => ({ QueryExecution: {} }),
  PublishPartition: () => ({}),
  ReplacePartition: () => ({}),
  CountInteractions: () => ({ QueryExecution: { QueryExecutionId: "count" } }),
  ReadCounts: () => countRows(FIGURES),
  WriteParts: () => ({ QueryExecution: { Statistics: { DataManifestLocation: "s3://cache/manifest.csv" } } }),
  Export: () => ({ Payload: EXPORTED }),
  ReadAnswer: () => ({ Body: JSON.stringify(EXPORTED) }),
  Import: () => ({}),
  DescribeImport: active("DatasetImportJob"),
  EnsureSolution: () => ({}),
  DescribeSolution: active("Solution", { DatasetGroupArn: DEFINITION_ARGS.recommender.datasetGroupArn }),
  ListRecentVersions: () => ({ SolutionVersions: [] }),
  Train: () => ({ SolutionVersionArn: "new-version" }),
  DescribeTraining: active("SolutionVersion"),
  ReadMetrics: () => ({ Metrics: { normalized_discounted_cumulative_gain_at_25: 0.5 } }),
  EnsureBaselineSolution: () => ({}),
  DescribeBaselineSolution: active("Solution", { DatasetGroupArn: DEFINITION_ARGS.recommender.datasetGroupArn }),
  TrainBaseline: () => ({ SolutionVersionArn: "baseline-version" }),
  DescribeBaselineTraining: active("SolutionVersion"),
  ReadBaselineMetrics: () => ({ Metrics: { normalized_discounted_cumulative_gain_at_25: 0.2 } }),
  ReadAccepted: gone("S3.NoSuchKeyException"),
  FindAccepted: () => ({ SolutionVersion: { Status: "ACTIVE" } }),
  FindServed: gone("Personalize.ResourceNotFoundException"),
  ReadPresentMetrics: () => ({ Metrics: { normalized_discounted_cumulative_gain_at_25: 0.5 } }),
  AcceptVersion: () => ({}),
  FindCampaign: (_given, call, now) => {
    if (call === 0) throw new TaskError("Personalize.ResourceNotFoundException");
    const campaign = { Status: "ACTIVE", SolutionVersionArn: "new-version", MinProvisionedTPS: 1 };
    return { Campaign: { ...campaign, CreationDateTime: new Date(now).toISOString() } };
  },
  CreateCampaign: () => ({}),
  UpdateCampaign: () => ({}),
  PublishNotice: () => ({}),
  Record: () => ({}),
  ListRuns: () => ({}),
};

/** Walks a definition of the pipeline, on {@link RESPONSES} unless told otherwise. */
export function walkPipeline(args: Partial<DefinitionArgs> = {}, options: WalkOptions = {}): Promise<Walked> {
  const responses = { ...RESPONSES, ...options.responses };
  return walk(pipelineDefinition({ ...DEFINITION_ARGS, ...args }), { ...options, responses });
}
