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

/** What the pipeline imports into, trains and deploys; all of it is known at preview. */
export interface RecommenderResources {
  datasetGroupArn: string;
  /** The group's interactions dataset. */
  datasetArn: string;
  /** Role that Personalize assumes to read its input. */
  roleArn: string;
  recipeArn: string;
  solution: { name: string; arn: string };
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
  /** Whether a campaign serves the newest accepted solution version. @default false */
  campaign?: boolean;
  /** Minimum transactions per second of the campaign, which are billed whether used or not. @default 1 */
  minProvisionedTps?: number;
  /** @default dataset group, schema, dataset and event tracker are created */
  existing?: ExistingRecommender;
}

/** Names and ARNs, whether the resources exist yet or not. */
export function recommenderResources(args: RecommenderResourcesArgs): RecommenderResources {
  const { context, recipe = "aws-user-personalization-v2", campaign = false, minProvisionedTps = 1, existing } = args;
  const arns = arnsOf(context);
  const group = physicalName("datasetGroup", context, "recommender");
  const solution = solutionName(context, recipe);
  const name = physicalName("campaign", context, "campaign");
  return {
    datasetGroupArn: existing?.datasetGroupArn ?? arns.datasetGroup(group),
    datasetArn: existing?.datasetArn ?? arns.interactions(group),
    roleArn: arns.role(physicalName("role", context, "personalize")),
    recipeArn: arns.recipe(recipe),
    solution: { name: solution, arn: arns.solution(solution) },
    campaign: campaign ? { name, arn: arns.campaign(name), minProvisionedTps } : undefined,
  };
}
