import { type Assign, jsonata, NO_TEXT } from "../states";

/**
 * What became of a run's training, as `$training`: the run's output and its record have it.
 *
 * @param decision `created` or `updated`: the campaign; `kept`: it serves what it served; `skipped`: nothing was trained
 * @param trained whether there is a solution version
 */
export function outcome(decision: string, reason: string, trained = true): Assign {
  const version = trained
    ? { solutionVersionArn: jsonata("$versionArn"), metrics: jsonata("$metrics") }
    : { solutionVersionArn: NO_TEXT, metrics: {} };
  return { training: { ...version, baseline: null, present: null, decision, reason } };
}
