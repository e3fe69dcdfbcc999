import { createHash, randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { operations } from "../operation";
import type { Cloud, Operation } from "../service";
import { versionsOf } from "./campaigns";
import { loadInteractions, Sql } from "./interactions";
import {
  arnOf,
  CAMPAIGN,
  DATASET_GROUP,
  exists,
  inUse,
  isBusy,
  JobFailure,
  type Lifecycle,
  type Resource,
  SOLUTION,
  SOLUTION_VERSION,
} from "./lifecycle";
import { ARN, asProperties, DIALECT, NAME, TAGS } from "./operations";
import type { Model } from "./ranking";
import { RECIPE_ARNS, train } from "./recipes";

/**
 * Creation and deletion of solutions, and training of their versions:
 * https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolutionVersion.html, https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteSolution.html
 *
 * @param failureOf reason for which the version of this name is to fail; undefined: it is not to fail
 * @param drawnItems seed with which the rows of the training data get items drawn uniformly; undefined: they keep theirs
 */
export function trainingOperations(
  cloud: Cloud,
  lifecycle: Lifecycle,
  failureOf: (name: string) => string | undefined,
  drawnItems: () => number | undefined,
): Record<string, Operation> {
  const arnOfSolution = (name: string) => arnOf(cloud, `solution/${name}`);
  return operations(DIALECT, {
    CreateSolution: {
      members: {
        name: NAME,
        datasetGroupArn: ARN,
        recipeArn: z.enum(RECIPE_ARNS),
        performAutoTraining: z.literal(false, "Member must be false in the local cloud, which has no automatic training"),
        tags: TAGS,
      },
      resources: ({ name }) => arnOfSolution(name),
      run: (request) => {
        lifecycle.active(DATASET_GROUP, request.datasetGroupArn);
        const arn = arnOfSolution(request.name);
        lifecycle.begin({ type: SOLUTION, arn, properties: asProperties(request), attributes: { SolutionArn: arn } });
        return { solutionArn: arn };
      },
    },
    DeleteSolution: {
      members: { solutionArn: ARN },
      resources: ({ solutionArn }) => solutionArn,
      run: async ({ solutionArn }) => {
        const solution = lifecycle.active(SOLUTION, solutionArn);
        const serves = (campaign: Resource) => versionsOf(campaign).some((version) => version.startsWith(`${solutionArn}/`));
        const campaign = lifecycle.all(CAMPAIGN).find(serves);
        if (campaign) throw inUse(`Solution ${solutionArn} is in use by the campaign ${campaign.arn}.`);
        const versions = lifecycle.all(SOLUTION_VERSION, { SolutionArn: solutionArn });
        const training = versions.find(isBusy);
        if (training) throw inUse(`Solution version ${training.arn} is in status ${training.status}.`);
        for (const version of versions) {
          lifecycle.remove(version);
          await rm(modelFile(cloud, version.arn), { force: true });
        }
        lifecycle.remove(solution);
      },
    },
    CreateSolutionVersion: {
      members: { name: NAME.optional(), solutionArn: ARN, trainingMode: z.enum(["FULL"]).default("FULL"), tags: TAGS },
      resources: ({ solutionArn }) => solutionArn,
      run: (request) => {
        const { name, solutionArn } = request;
        const { DatasetGroupArn, RecipeArn } = lifecycle.active(SOLUTION, solutionArn).properties;
        const isTaken = name !== undefined && lifecycle.all(SOLUTION_VERSION, { SolutionArn: solutionArn, Name: name }).length > 0;
        if (isTaken) throw exists(name);
        const arn = `${solutionArn}/${randomBytes(4).toString("hex")}`;
        const fixed = { DatasetGroupArn, RecipeArn, PerformAutoML: false, TrainingType: "MANUAL" };
        const properties = { ...fixed, ...asProperties(request) };
        const given = { type: SOLUTION_VERSION, arn, properties, attributes: { SolutionVersionArn: arn } };
        lifecycle.begin(given, async (version, signal) => {
          const reason = failureOf(name ?? arn);
          if (reason !== undefined) throw new JobFailure(reason);
          return { Metrics: await trainVersion(cloud, lifecycle, version, signal, drawnItems()) };
        });
        return { solutionVersionArn: arn };
      },
    },
    GetSolutionMetrics: {
      members: { solutionVersionArn: ARN },
      resources: ({ solutionVersionArn }) => solutionVersionArn,
      run: ({ solutionVersionArn }) => {
        const { attributes } = lifecycle.active(SOLUTION_VERSION, solutionVersionArn);
        return { solutionVersionArn, metrics: attributes.Metrics };
      },
    },
  });
}

async function trainVersion(
  cloud: Cloud,
  lifecycle: Lifecycle,
  { arn, properties }: Resource,
  signal: AbortSignal,
  drawn: number | undefined,
): Promise<Record<string, number>> {
  const file = modelFile(cloud, arn);
  return Sql.use(`${file}.training`, signal, async (sql) => {
    await loadInteractions(sql, cloud, lifecycle, String(properties.DatasetGroupArn));
    await logTraining(sql, cloud, arn);
    if (drawn !== undefined) await sql.run(drawItems(drawn));
    const { model, metrics } = await train(sql, String(properties.RecipeArn));
    await writeFile(file, JSON.stringify(model));
    return metrics;
  });
}

/** Logs what a version is trained on, in "trainings": rows, users and items. */
async function logTraining(sql: Sql, cloud: Cloud, solutionVersionArn: string): Promise<void> {
  const totals = "SELECT count(*), count(DISTINCT user_id), count(DISTINCT item_id) FROM interactions";
  const [rows, users, items] = (await sql.rows(totals))[0].map(Number);
  await cloud.store("personalize").append("trainings", { solutionVersionArn, rows, users, items });
}

/** Gives each row of the table `interactions` one of its items, drawn uniformly. */
function drawItems(seed: number): string {
  return `CREATE OR REPLACE TABLE interactions AS
    WITH items AS (SELECT item_id, row_number() OVER (ORDER BY item_id) - 1 AS number FROM (SELECT DISTINCT item_id FROM interactions)),
    drawn AS (
      SELECT *, CAST('0x' || substr(md5(concat_ws(',', ${seed}, user_id, item_id, "timestamp", event_type)), 1, 8) AS BIGINT)
        % (SELECT count(*) FROM items) AS number
      FROM interactions)
    SELECT drawn.* EXCLUDE (item_id, number), items.item_id FROM drawn JOIN items USING (number)`;
}

/** The model of a trained version. */
export async function readModel(cloud: Cloud, versionArn: string): Promise<Model> {
  return JSON.parse(await readFile(modelFile(cloud, versionArn), "utf8")) as Model;
}

/** Absolute path. */
function modelFile(cloud: Cloud, versionArn: string): string {
  return join(cloud.store("personalize").folder, `model-${createHash("sha256").update(versionArn).digest("hex").slice(0, 16)}.json`);
}
