import { physicalName, solutionName } from "../shared/naming";
import { arnsOf, type TenantContext } from "../shared/tenantContext";

/** Personalize resources that were created by hand. */
export interface ExistingRecommender {
  datasetGroupArn: string;
  /** The group's interactions dataset. */
  datasetArn: string;
  /** Tracking id of the group's event tracker. */
  trackingId: string;
}

/** A campaign that the pipeline creates and updates. */
export interface CampaignResource {
  name: string;
  arn: string;
  /** Minimum transactions per second, which are billed whether used or not. */
  minProvisionedTps: number;
}

/** When a trained solution version may serve. */
export interface QualityGate {
  /** Offline metric that is compared: https://docs.aws.amazon.com/personalize/latest/dg/working-with-training-metrics.html */
  metric: string;
  /** Share, from 0 to 1, of the present version's metric by which a new version may be worse. */
  tolerance: number;
  /** Solution of the popularity recipe, which a first version must beat. Undefined when a first version is accepted as it is. */
  baseline?: SolutionResource;
}

/** A solution that the pipeline creates. */
export interface SolutionResource {
  name: string;
  arn: string;
  recipeArn: string;
}

/** What the pipeline imports into, trains and deploys; all of it is known at preview. */
export interface RecommenderResources {
  datasetGroupArn: string;
  /** The group's interactions dataset. */
  datasetArn: string;
  /** Role that Personalize assumes to read its input. */
  roleArn: string;
  solution: SolutionResource;
  gate: QualityGate;
  /** Undefined when no campaign is deployed. */
  campaign?: CampaignResource;
}

export interface RecommenderResourcesArgs {
  context: TenantContext;
  /**
   * Recipe that the solution is trained with: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html
   *
   * @default aws-user-personalization-v2
   */
  recipe?: string;
  /** Offline metric by which versions are compared. @default normalized_discounted_cumulative_gain_at_25 */
  metric?: string;
  /** Share, from 0 to 1, of the present version's metric by which a new version may be worse. @default 0.1 */
  tolerance?: number;
  /** Whether a first version must beat the popularity recipe, trained on the same data. @default false */
  requireBaseline?: boolean;
  /** Whether a campaign serves the newest accepted solution version. @default false */
  campaign?: boolean;
  /** Minimum transactions per second of the campaign, which are billed whether used or not. @default 1 */
  minProvisionedTps?: number;
  /** @default dataset group, schema, dataset and event tracker are created */
  existing?: ExistingRecommender;
}

/** What the gate compares by, and how much a new version may be worse, unless the settings say otherwise. */
export const DEFAULT_GATE = { metric: "normalized_discounted_cumulative_gain_at_25", tolerance: 0.1 } as const;

const DEFAULT_RECIPE = "aws-user-personalization-v2";
/** Recommends the same items to everybody, so what is made for each user should do better. */
export const BASELINE_RECIPE = "aws-popularity-count";

/** Names and ARNs, whether the resources exist yet or not. */
export function recommenderResources(args: RecommenderResourcesArgs): RecommenderResources {
  const { context, recipe = DEFAULT_RECIPE, campaign = false, minProvisionedTps = 1, existing } = args;
  const { metric = DEFAULT_GATE.metric, tolerance = DEFAULT_GATE.tolerance, requireBaseline = false } = args;
  const arns = arnsOf(context);
  const group = physicalName("datasetGroup", context, "recommender");
  const solutionOf = (of: string): SolutionResource => {
    const solution = solutionName(context, of);
    return { name: solution, arn: arns.solution(solution), recipeArn: arns.recipe(of) };
  };
  const name = physicalName("campaign", context, "campaign");
  return {
    datasetGroupArn: existing?.datasetGroupArn ?? arns.datasetGroup(group),
    datasetArn: existing?.datasetArn ?? arns.interactions(group),
    roleArn: arns.role(physicalName("role", context, "personalize")),
    solution: solutionOf(recipe),
    gate: { metric, tolerance, baseline: requireBaseline && recipe !== BASELINE_RECIPE ? solutionOf(BASELINE_RECIPE) : undefined },
    campaign: campaign ? { name, arn: arns.campaign(name), minProvisionedTps } : undefined,
  };
}
