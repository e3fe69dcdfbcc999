import { BASELINE_RECIPE, DEFAULT_GATE } from "../components/recommender/recommenderResources";
import { preparePython } from "@c360/local-aws";
import type { Stack } from "@c360/local-pulumi";
import { checkJsonFile, type CommandContext, UsageError } from "../cli/shared/command";
import { checkTenant, readSettings } from "../cli/shared/stack";
import type { TenantConfig } from "../config";
import type { ColumnNames } from "./interactions/form";
import { planProduction, type Production, type ProductionOptions } from "./interactions/production";
import { describeLeftOut, readSource, type SourceOptions } from "./interactions/source";
import { shortfall } from "./minimum";
import type { ExportSettings } from "./reconciliation/export";
import type { TrainingSettings } from "./reconciliation/recommendations";
import { venvIn } from "./workspace";

/** Options of `npm start`. */
export interface RunOptions extends ProductionOptions {
  /** CSV or CSV.gz of interactions. @default generated interactions */
  interactions?: string;
  /** Header names of the file's columns. @default the stack's `history.columns` */
  columns?: ColumnNames;
  /** Stack whose Pulumi.<stack>.yaml is deployed. @default "local" */
  stack: string;
  /** Tenant that the interactions belong to. @default the stack's first */
  tenant?: string;
  /** What writes the CSV. @default the stack's `export.engine` */
  exportEngine?: "lambda" | "glue";
  /** How many times faster delivery intervals, mapping windows and waits pass, above 0. @default 60 */
  scale: number;
  /** Refuses a file that has a bad row. @default false */
  strict: boolean;
  /** Leaves the cloud running after the report, until Ctrl-C. @default false */
  keep: boolean;
  /** Another file that receives the report. */
  json?: string;
  /** Gives each row of the second run's training data an item drawn uniformly, so that its version is worse. @default false */
  sabotageTraining: boolean;
}

/** All that is known before anything starts. */
export interface RunPlan {
  stack: Stack;
  stage: string;
  tenant: string;
  source: SourceOptions;
  production: Production;
  /** What is probably a mistake of the file. */
  warnings: string[];
  exported: ExportSettings;
  training: TrainingSettings;
}

/**
 * Reads the stack's settings and the interactions.
 *
 * @throws UsageError when a flag, a setting or the file is wrong
 */
export async function planRun(
  options: RunOptions,
  { programDir, folder }: Pick<CommandContext, "programDir" | "folder">,
): Promise<RunPlan> {
  checkJsonFile(options.json, options.interactions);
  const overrides = options.exportEngine === undefined ? [] : [`export.engine=${options.exportEngine}`];
  const { stack, stage, tenants } = await readSettings(programDir, options.stack, overrides);
  const known = tenants.map(({ name }) => name);
  const name = checkTenant(options.tenant ?? known[0], known, `stack ${options.stack}`);
  const tenant = tenants[known.indexOf(name)];
  if (tenant.lake.lake === "existing") {
    throw new UsageError(`--stack ${options.stack} must create its buckets (lake: create): a local cloud starts empty`);
  }
  await checkExport(options, tenant, venvIn(folder));
  const source: SourceOptions = {
    file: options.interactions,
    columns: options.columns ?? tenant.export.historyColumns,
    seed: options.seed,
    nowSeconds: Math.floor(Date.now() / 1000),
    defaultEventType: tenant.pipeline.defaultEventType,
  };
  const { interactionColumns, pipeline, recommender } = tenant;
  const exported = { eventTypes: pipeline.eventTypes, interactionColumns, streamedEvents: pipeline.streamedEvents };
  const { production, warnings } = await readProduction(source, options, exported);
  const gate = {
    metric: recommender.metric ?? DEFAULT_GATE.metric,
    tolerance: recommender.tolerance ?? DEFAULT_GATE.tolerance,
    requireBaseline: (recommender.requireBaseline ?? false) && recommender.recipe !== BASELINE_RECIPE,
  };
  const training = { train: pipeline.train, campaign: recommender.campaign, gate };
  return { stack, stage, tenant: name, source, production, warnings, exported, training };
}

/** @throws UsageError when the file is wrong, or when the pipeline, which imports even where nothing is trained, would refuse its rows */
async function readProduction(
  source: SourceOptions,
  options: RunOptions,
  exported: ExportSettings,
): Promise<Pick<RunPlan, "production" | "warnings">> {
  const { table, leftOut, warnings } = await readSource(source);
  const name = source.file ?? "the generated interactions";
  if (options.strict && Object.keys(leftOut).length > 0) {
    throw new UsageError(`${name} has bad rows, which --strict refuses: ${describeLeftOut(leftOut)}`);
  }
  const production = planProduction(table, options);
  if (production.live.length === 0) {
    throw new UsageError(`${name} has no live row: --live-share ${options.liveShare} of ${table.length} good rows is none`);
  }
  const missing = shortfall(production, exported);
  if (missing !== undefined) {
    const counted = exported.streamedEvents === "exclude" ? ", without what is sent live (export.streamedEvents)," : "";
    throw new UsageError(`${name}${counted} has ${missing}`);
  }
  return { production, warnings };
}

/** @throws UsageError when the tenant's export cannot run on this machine, or not with the engine that was asked for */
async function checkExport({ stack, exportEngine }: RunOptions, { name, export: { engine, source } }: TenantConfig, venv: string) {
  if (source !== undefined) {
    throw new UsageError(`--stack ${stack} must not set export.source for tenant ${name}: a local run exports only what it sends itself`);
  }
  if (exportEngine !== undefined && exportEngine !== engine) {
    throw new UsageError(
      `--export-engine must be ${engine}, which tenant ${name} of stack ${stack} sets for itself, got "${exportEngine}"`,
    );
  }
  if (engine !== "glue") return;
  const python = await preparePython({ folder: venv });
  if ("missing" in python) throw new UsageError(`export.engine glue needs Python with venv, but ${python.missing}`);
}
