import { jobStates } from "../personalizeJob";
import type { RecommenderPlaces } from "../recommenderPlaces";
import type { States } from "../states";

/** Makes the solution once; it trains when it is told to, never by itself. */
export function solutionStates({ datasetGroupArn, recipeArn, solution }: RecommenderPlaces, maxWaitHours: number, next: string): States {
  return jobStates(
    {
      noun: "Solution",
      create: {
        state: "EnsureSolution",
        action: "personalize:createSolution",
        arguments: { Name: solution.name, DatasetGroupArn: datasetGroupArn, RecipeArn: recipeArn, PerformAutoTraining: false },
      },
      describe: { action: "personalize:describeSolution", arguments: { SolutionArn: solution.arn }, member: "Solution" },
      failed: "TrainingFailed",
      maxWaitHours,
    },
    { next },
  );
}
