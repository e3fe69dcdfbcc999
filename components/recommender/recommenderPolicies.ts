import { jobNamePrefix, trainingRunsPrefix } from "../shared/naming";
import { allow, ONLY_ON_STAR, type Statement } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";
import type { RecommenderResources } from "./recommenderResources";

/** What a run imports into, trains, deploys and records. */
export interface RecommenderAccess {
  context: TenantContext;
  recommender: RecommenderResources;
  train: "never" | "afterExport" | "weekly";
}

/**
 * What the pipeline needs from the CSV on; nothing for what it does not do.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
 */
export function recommenderStatements({ context, recommender, train }: RecommenderAccess): Statement[] {
  const { roleArn, solution, campaign } = recommender;
  const arns = arnsOf(context);
  const trains: Statement[] = [
    allow("Train", TRAIN, [solution.arn, `${solution.arn}/*`]),
    allow("ListVersions", ONLY_ON_STAR.solutionVersions, "*"),
    ...(campaign ? [allow("Deploy", DEPLOY, campaign.arn)] : []),
  ];
  return [
    allow("Import", IMPORT, arns.importJob(`${jobNamePrefix(context)}*`)),
    {
      ...allow("PassRole", ["iam:PassRole"], roleArn),
      Condition: { StringEquals: { "iam:PassedToService": "personalize.amazonaws.com" } },
    },
    ...(train === "never" ? [] : trains),
    allow("RecordRun", ["s3:PutObject"], arns.objects(context.buckets.lake, trainingRunsPrefix(context.keyPrefix))),
  ];
}

const named = (...operations: string[]): string[] => operations.map((operation) => `personalize:${operation}`);

const IMPORT = named("CreateDatasetImportJob", "DescribeDatasetImportJob");
const TRAIN = named("CreateSolution", "DescribeSolution", "CreateSolutionVersion", "DescribeSolutionVersion", "GetSolutionMetrics");
const DEPLOY = named("CreateCampaign", "UpdateCampaign", "DescribeCampaign");
