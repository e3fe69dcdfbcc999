import { accessSync, constants, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseConfig, projectSettings, type TenantConfig } from "../config";
import type { Stack } from "@c360/local-pulumi";
import { readProgramStack } from "./stack";
import { planProduction, type Production } from "./interactions/production";
import { describeLeftOut, readSource, type SourceOptions } from "./interactions/source";
import type { Options } from "../cli/startOptions";
import { preparePython } from "@c360/local-aws";
import type { Training } from "./reconcile/campaign";
import type { ExportSettings } from "./reconcile/exported";
import { venvIn } from "./workspace";
import { UsageError } from "../cli/usageError";

/** What is known before anything starts. */
export interface Preparation {
  stack: Stack;
  stage: string;
  tenant: string;
  source: SourceOptions;
  production: Production;
  exported: ExportSettings;
  /** Whether runs of the pipeline train, and a campaign serves what they trained. */
  training: Training;
  /** How long it took. */
  milliseconds: number;
}

/**
 * Reads the stack's settings and the interactions.
 *
 * @param programDir absolute path of the Pulumi program
 * @throws UsageError for anything that is wrong in the flags, the stack's settings or the file
 */
export async function prepare(options: Options, programDir: string): Promise<Preparation> {
  const started = performance.now();
  checkJson(options);
  const overrides = options.exportEngine === undefined ? [] : [`export.engine=${options.exportEngine}`];
  const { stack, stage, tenants } = await readSettings(programDir, options.stack, overrides);
  const tenant = options.tenant === undefined ? tenants[0] : tenants.find(({ name }) => name === options.tenant);
  if (tenant === undefined) {
    const known = tenants.map(({ name }) => name).join(", ");
    throw new UsageError(`--tenant must be one of stack ${options.stack} (${known}), got ${JSON.stringify(options.tenant ?? null)}`);
  }
  if (tenant.lake.lake === "existing") {
    throw new UsageError(`--stack ${options.stack} must make its own buckets (lake: create): a local run starts without any to adopt`);
  }
  await checkExport(options, tenant, venvIn(join(programDir, ".local")));
  const source: SourceOptions = {
    file: options.interactions,
    seed: options.seed,
    nowSeconds: Math.floor(Date.now() / 1000),
    defaultEventType: tenant.pipeline.defaultEventType,
  };
  const { table, leftOut } = await readSource(source);
  const name = options.interactions ?? "the generated interactions";
  if (options.strict && Object.keys(leftOut).length > 0) {
    throw new UsageError(`${name} has wrong rows, which --strict does not take: ${describeLeftOut(leftOut)}`);
  }
  const production = planProduction(table, options);
  if (production.live.length === 0) {
    throw new UsageError(`${name} has no live row: --live-share ${options.liveShare} of ${table.length} good rows is none`);
  }
  const { interactionColumns, pipeline, recommender } = tenant;
  const exported = { eventTypes: pipeline.eventTypes, interactionColumns, streamedEvents: pipeline.streamedEvents };
  const training = { train: pipeline.train, campaign: recommender.campaign };
  return { stack, stage, tenant: tenant.name, source, production, exported, training, milliseconds: performance.now() - started };
}

/**
 * Reads a stack's settings.
 *
 * @param overrides `key=value`, set last
 * @throws UsageError when they are wrong
 */
export async function readSettings(programDir: string, name: string, overrides: readonly string[] = []) {
  try {
    const stack = await readProgramStack(programDir, name, overrides);
    return { stack, ...parseConfig(projectSettings(stack.config), name) };
  } catch (error) {
    const { name: kind, message } = error as Error;
    throw kind === "StackError" || "__pulumiRunError" in (error as object) ? new UsageError(message) : error;
  }
}

/** @throws UsageError when the tenant's export cannot run here, or not as it is asked for */
async function checkExport(
  { stack, exportEngine }: Options,
  { name, export: { engine, source } }: TenantConfig,
  venv: string,
): Promise<void> {
  if (source !== undefined) {
    throw new UsageError(`--stack ${stack} must have no export.source for tenant ${name}: a local run has only what it sends itself`);
  }
  if (exportEngine !== undefined && exportEngine !== engine) {
    throw new UsageError(`--export-engine must be ${engine}, which tenant ${name} of stack ${stack} has for itself, got "${exportEngine}"`);
  }
  if (engine !== "glue") return;
  const python = await preparePython({ folder: venv });
  if ("missing" in python) throw new UsageError(`export.engine glue needs Python with venv, but ${python.missing}`);
}

/** @throws UsageError when the file that `json` names cannot be written, or is the input */
export function checkJson({ json, interactions }: Pick<Options, "json" | "interactions">): void {
  if (json === undefined) return;
  const rule = "--json must name a file that can be written";
  const target = statSync(json, { throwIfNoEntry: false });
  if (target && !target.isFile()) throw new UsageError(`${rule}, ${json} is no regular file`);
  if (interactions !== undefined && resolve(json) === resolve(interactions)) throw new UsageError(`${rule}, ${json} is the input`);
  try {
    accessSync(dirname(json), constants.W_OK);
  } catch {
    throw new UsageError(`${rule}, in a folder that exists, got ${json}`);
  }
}
