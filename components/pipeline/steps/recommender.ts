import type { TenantContext } from "../../shared/tenantContext";
import type { RecommenderResources } from "../../recommender/recommenderResources";
import type { States } from "../states";
import { campaignStates } from "./campaign";
import { importStates } from "./import";
import { outcome } from "./outcome";
import { recordStates } from "./record";
import { solutionStates } from "./solution";
import { firstOfTraining, trainingStates } from "./training";

/** What becomes of the CSV. */
export interface RecommenderSteps {
  context: TenantContext;
  recommender: RecommenderResources;
  train: "never" | "afterExport" | "weekly";
  /** Hours that each job of Personalize may take. */
  maxWaitHours: number;
}

/** From the CSV to the campaign: imports it, trains a solution version of it, lets the campaign serve that, and records what was done. */
export function recommenderStates(args: RecommenderSteps, next: string): States {
  const { train } = args;
  return {
    ...importStates(args, train === "never" ? "SkipTraining" : "BeginSolution"),
    ...(train === "never" ? { SkipTraining: toRecord("skipped", "pipeline.train is never", false) } : versionStates(args, train)),
    ...recordStates(args.context, next),
  };
}

function versionStates(args: RecommenderSteps, train: "afterExport" | "weekly"): States {
  const { context, recommender, maxWaitHours } = args;
  const { campaign } = recommender;
  const training = { context, recommender, train, maxWaitHours };
  return {
    ...solutionStates(recommender, maxWaitHours, firstOfTraining(train)),
    ...trainingStates(training, { trained: campaign ? "BeginDeployment" : "KeepVersion", skipped: "Record" }),
    ...(campaign ? campaignStates(campaign, maxWaitHours, "Record") : { KeepVersion: toRecord("kept", "the campaign is off") }),
  };
}

function toRecord(decision: string, reason: string, trained = true): States[string] {
  return { Type: "Pass", Assign: outcome(decision, reason, trained), Next: "Record" };
}
