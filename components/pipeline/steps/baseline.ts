import type { SolutionResource } from "../../recommender/recommenderResources";
import type { DefinitionArgs } from "../definition";
import { catchTo, sequence, type Step } from "../states";
import { ensureSolution, metricsTask, trainVersion } from "./training";

/** Trains the popularity recipe on the same data, and reads its metrics: `$baseline`. */
export function trainBaseline(args: DefinitionArgs, baseline: SolutionResource): Step {
  const metrics: Step = {
    first: "ReadBaselineMetrics",
    states: (next) => ({
      ReadBaselineMetrics: metricsTask("$baselineArn", { next, assign: "baseline", catch: [catchTo("TrainingFailed")] }),
    }),
  };
  return sequence([ensureSolution(args, baseline, "Baseline"), trainVersion(args, baseline, "Baseline"), metrics]);
}
