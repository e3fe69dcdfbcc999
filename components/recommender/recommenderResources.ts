import { physicalName, solutionName } from "../shared/naming";
import { arnsOf, type TenantContext } from "../shared/tenantContext";

/** What was made by hand; dataset and tracker belong to the dataset group. */
export interface ExistingRecommender {
  datasetGroupArn: string;
  /** The group's interactions dataset. */
  datasetArn: string;
  trackingId: string;
}

/** A campaign that the pipeline creates and updates. */
export interface CampaignResource {
  name: string;
  arn: string;
  /** Transactions a second that are paid for at least. */
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
  /** Undefined where nothing is deployed. */
  campaign?: CampaignResource;
}

/** What a recommender's places follow from. */
export interface RecommenderResourcesArgs {
  context: TenantContext;
  /** Name of the recipe that the solution trains by: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html */
  recipe: string;
  /** Whether a campaign serves what was trained. */
  campaign: boolean;
  /** Transactions a second that the campaign is paid for at least. */
  minProvisionedTps: number;
  /** @default dataset group, schema, dataset and event tracker are made */
  existing?: ExistingRecommender;
}

/** Names and ARNs, whether or not they are there yet. */
export function recommenderResources({
  context,
  recipe,
  campaign,
  minProvisionedTps,
  existing,
}: RecommenderResourcesArgs): RecommenderResources {
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
