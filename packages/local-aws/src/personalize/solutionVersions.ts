import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Cloud, Operation } from "../service";
import { loadInteractions } from "./interactions";
import { exists, JobFailure, type Lifecycle, type Made } from "./lifecycle";
import { modelFile, writeModel } from "./models";
import type { Kind } from "./reads";
import { train } from "./recipes";
import { ARN, asProperties, NAME, read, TAGS } from "./requests";
import { SOLUTION, SOLUTION_VERSION } from "./typeNames";
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
export function versionOperations(ports: TrainingPorts): Record<string, Operation> {
  const { lifecycle, fails } = ports;
  return {
    CreateSolutionVersion: {
      permissions: ({ solutionArn }) => [{ action: "personalize:CreateSolutionVersion", resource: String(solutionArn) }],
      run: async (input) => {
        const { name, solutionArn, ...given } = read(CREATE, input);
        const { DatasetGroupArn, RecipeArn } = lifecycle.active(SOLUTION, solutionArn).properties;
        const taken = name !== undefined && lifecycle.all(SOLUTION_VERSION, { SolutionArn: solutionArn, Name: name }).length > 0;
        if (taken) throw exists(name);
        const arn = `${solutionArn}/${randomBytes(4).toString("hex")}`;
        const fixed = { SolutionArn: solutionArn, DatasetGroupArn, RecipeArn, PerformAutoML: false, TrainingType: "MANUAL" };
        const properties = { ...fixed, ...(name !== undefined && { Name: name }), ...asProperties(given) };
        const made = { type: SOLUTION_VERSION, arn, properties, attributes: { SolutionVersionArn: arn } };
        lifecycle.begin(made, async (version, signal) => {
          const reason = fails(name ?? arn);
          if (reason !== undefined) throw new JobFailure(reason);
          return { Metrics: await trainVersion(ports, version, signal) };
        });
        return { output: { solutionVersionArn: arn } };
      },
    },
    GetSolutionMetrics: {
      permissions: ({ solutionVersionArn }) => [{ action: "personalize:GetSolutionMetrics", resource: String(solutionVersionArn) }],
      run: async (input) => {
        const { arn, attributes } = lifecycle.active(SOLUTION_VERSION, read(METRICS, input).solutionVersionArn);
        return { output: { solutionVersionArn: arn, metrics: attributes.Metrics } };
      },
    },
  };
}

async function trainVersion(
  { cloud, lifecycle }: TrainingPorts,
  { arn, properties }: Made,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  return Sql.use(`${modelFile(cloud, arn)}.training`, signal, async (sql) => {
    await loadInteractions(sql, cloud, lifecycle, String(properties.DatasetGroupArn));
    const { model, metrics } = await train(sql, String(properties.RecipeArn));
    await writeModel(cloud, arn, model);
    return metrics;
  });
}
