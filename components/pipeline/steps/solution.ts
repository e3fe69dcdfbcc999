import { jobStates } from "../personalizeJob";
import type { RecommenderResources } from "../../recommender/recommenderResources";
import { jsonata, type States } from "../states";

/** Makes the solution once; it trains when it is told to, never by itself, and on its own dataset group for good. */
export function solutionStates({ datasetGroupArn, recipeArn, solution }: RecommenderResources, maxWaitHours: number, next: string): States {
  return jobStates(
    {
      noun: "Solution",
      create: {
        state: "EnsureSolution",
        action: "personalize:createSolution",
        arguments: { Name: solution.name, DatasetGroupArn: datasetGroupArn, RecipeArn: recipeArn, PerformAutoTraining: false },
      },
      describe: { action: "personalize:describeSolution", arguments: { SolutionArn: solution.arn }, member: "Solution" },
      unfit: {
        found: { group: jsonata("$states.result.Solution.DatasetGroupArn") },
        when: `$group != ${JSON.stringify(datasetGroupArn)}`,
        cause: `"the solution ${solution.name} learns of " & $group & ", no longer of ${datasetGroupArn}; npm run teardown deletes it"`,
      },
      failed: "TrainingFailed",
      maxWaitHours,
    },
    { next },
  );
}
