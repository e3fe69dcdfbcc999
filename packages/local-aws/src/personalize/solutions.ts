import { z } from "zod";
import type { Cloud, Json, Operation } from "../service";
import { versionsOf } from "./campaignUpdates";
import { arnOf, DATASET_GROUP } from "./controlPlane";
import { inUse, type Lifecycle } from "./lifecycle";
import { removeModel } from "./models";
import type { Kind } from "./reads";
import { RECIPE_ARNS } from "./recipes";
import { ARN, asProperties, NAME, read, TAGS } from "./requests";
import { CAMPAIGN, SOLUTION, SOLUTION_VERSION } from "./typeNames";

/** How solutions are described and listed. */
export const SOLUTIONS: Kind = {
  type: SOLUTION,
  member: "solution",
  members: "solutions",
  filter: { parameter: "datasetGroupArn", holds: ({ properties }, value) => properties.DatasetGroupArn === value },
};

const CREATE = z.strictObject({
  name: NAME,
  datasetGroupArn: ARN,
  recipeArn: z.enum(RECIPE_ARNS, { error: `Member must be one of the recipes that run here: ${RECIPE_ARNS.join(", ")}` }),
  performAutoTraining: z.literal(false, { error: "Member must be false: nothing trains by itself here" }),
  tags: TAGS,
});
const DELETE = z.strictObject({ solutionArn: ARN });

/** CreateSolution and DeleteSolution: https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteSolution.html */
export function solutionOperations(cloud: Cloud, lifecycle: Lifecycle): Record<string, Operation> {
  const arn = (input: Json) => arnOf(cloud, `solution/${String(input.name)}`);
  return {
    CreateSolution: {
      permissions: (input) => [{ action: "personalize:CreateSolution", resource: arn(input) }],
      run: async (input) => {
        const request = read(CREATE, input);
        lifecycle.active(DATASET_GROUP, request.datasetGroupArn);
        const attributes = { SolutionArn: arn(input) };
        lifecycle.begin({ type: SOLUTION, arn: arn(input), properties: asProperties(request), attributes });
        return { output: { solutionArn: arn(input) } };
      },
    },
    DeleteSolution: {
      permissions: (input) => [{ action: "personalize:DeleteSolution", resource: String(input.solutionArn) }],
      run: async (input) => {
        const solution = lifecycle.active(SOLUTION, read(DELETE, input).solutionArn);
        const campaign = lifecycle.all(CAMPAIGN).find((made) => versionsOf(made).some((version) => version.startsWith(`${solution.arn}/`)));
        if (campaign) throw inUse(`Solution ${solution.arn} is in use by the campaign ${campaign.arn}.`);
        const versions = lifecycle.all(SOLUTION_VERSION, { SolutionArn: solution.arn });
        const training = versions.find(({ status }) => status === "CREATE PENDING" || status === "CREATE IN PROGRESS");
        if (training) throw inUse(`Solution version ${training.arn} is in status ${training.status}.`);
        for (const version of versions) {
          lifecycle.remove(version);
          await removeModel(cloud, version.arn);
        }
        lifecycle.remove(solution);
        return {};
      },
    },
  };
}
