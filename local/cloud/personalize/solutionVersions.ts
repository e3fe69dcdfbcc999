import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Cloud, Operation } from "../service";
import { loadInteractions } from "./interactions";
import { exists, JobFailure, type Lifecycle, type Made } from "./lifecycle";
import type { Kind } from "./reads";
import { train } from "./recipes";
import type { Model } from "./recipes/model";
import { ARN, NAME, read, TAGS } from "./requests";
import { SOLUTION, SOLUTION_VERSION } from "./solutions";
import { Sql } from "./sql";

/** How solution versions are described and listed. */
export const SOLUTION_VERSIONS: Kind = {
  type: SOLUTION_VERSION,
  member: "solutionVersion",
  members: "solutionVersions",
  filter: { parameter: "solutionArn", holds: ({ properties }, value) => properties.SolutionArn === value },
};

const CREATE = z.strictObject({
  name: NAME.optional(),
  solutionArn: ARN,
  trainingMode: z.literal("FULL", { error: "Member must be FULL, the only mode that runs here" }).default("FULL"),
  tags: TAGS,
});
const METRICS = z.strictObject({ solutionVersionArn: ARN });

/** What training needs of the service. */
export interface TrainingPorts {
  cloud: Cloud;
  lifecycle: Lifecycle;
  /** Why a version is to fail; undefined: it is not. */
  fails: (name: string) => string | undefined;
}

/** CreateSolutionVersion and GetSolutionMetrics: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolutionVersion.html */
export function versionOperations({ cloud, lifecycle, fails }: TrainingPorts): Record<string, Operation> {
  return {
    CreateSolutionVersion: {
      needs: ({ solutionArn }) => [{ action: "personalize:CreateSolutionVersion", resource: String(solutionArn) }],
      run: async (input) => {
        const { name, solutionArn, trainingMode } = read(CREATE, input);
        const { DatasetGroupArn, RecipeArn } = lifecycle.active(SOLUTION, solutionArn).properties;
        const taken = name !== undefined && lifecycle.all(SOLUTION_VERSION, { SolutionArn: solutionArn, Name: name }).length > 0;
        if (taken) throw exists(name);
        const arn = `${solutionArn}/${randomBytes(4).toString("hex")}`;
        const given = { ...(name !== undefined && { Name: name }), TrainingMode: trainingMode, TrainingType: "MANUAL" };
        const properties = { SolutionArn: solutionArn, DatasetGroupArn, RecipeArn, PerformAutoML: false, ...given };
        await lifecycle.begin(
          { type: SOLUTION_VERSION, arn, properties, attributes: { SolutionVersionArn: arn } },
          async (version, signal) => {
            const reason = fails(name ?? arn);
            if (reason !== undefined) throw new JobFailure(reason);
            return { Metrics: await trainVersion(cloud, lifecycle, version, signal) };
          },
        );
        return { output: { solutionVersionArn: arn } };
      },
    },
    GetSolutionMetrics: {
      needs: ({ solutionVersionArn }) => [{ action: "personalize:GetSolutionMetrics", resource: String(solutionVersionArn) }],
      run: async (input) => {
        const { arn, attributes } = lifecycle.active(SOLUTION_VERSION, read(METRICS, input).solutionVersionArn);
        return { output: { solutionVersionArn: arn, metrics: attributes.Metrics } };
      },
    },
  };
}

/** What a version was trained to. */
export async function readModel(cloud: Cloud, versionArn: string): Promise<Model> {
  return JSON.parse(await readFile(modelFile(cloud, versionArn), "utf8")) as Model;
}

async function trainVersion(
  cloud: Cloud,
  lifecycle: Lifecycle,
  { arn, properties }: Made,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const file = modelFile(cloud, arn);
  return Sql.use(`${file}.training`, signal, async (sql) => {
    await loadInteractions(sql, cloud, lifecycle, String(properties.DatasetGroupArn));
    const { model, metrics } = await train(sql, String(properties.RecipeArn));
    await writeFile(file, JSON.stringify(model));
    return metrics;
  });
}

function modelFile(cloud: Cloud, versionArn: string): string {
  return join(cloud.store("personalize").folder, `model-${createHash("sha256").update(versionArn).digest("hex").slice(0, 16)}.json`);
}
