import { acceptedVersionKey, jobNamePrefix, physicalName, recommenderPrefix, trainingRunsPrefix } from "../shared/naming";
import { allow, fromPersonalize, ONLY_ON_STAR, policy, type Policy, readStatements, type Statement, trustPolicy } from "../shared/policies";
import { arnsOf, type AwsContext, type TenantContext } from "../shared/tenantContext";
import type { RecommenderResources } from "./recommenderResources";

/** Trust of the Personalize role: only this account's Personalize resources. */
export function personalizeTrust(context: AwsContext): Policy {
  return trustPolicy("personalize.amazonaws.com", fromPersonalize(context));
}

/** What Personalize may do: read its input. */
export function personalizePolicy(context: TenantContext): Policy {
  return policy(...readStatements(context, context.buckets.downstream, [recommenderPrefix(context.keyPrefix)]));
}

/** What a consumer of recommendations may do. */
export function recommendationsPolicy(campaignArn: string): Policy {
  return policy(allow("GetRecommendations", "personalize:GetRecommendations", campaignArn));
}

/** What a run of the pipeline imports into, trains, deploys and records. */
export interface RecommenderAccess {
  context: TenantContext;
  recommender: RecommenderResources;
  train: "never" | "afterExport" | "weekly";
}

/**
 * What the pipeline may do with Personalize, and where it records its runs; only what its settings need.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
 */
export function recommenderStatements({ context, recommender, train }: RecommenderAccess): Statement[] {
  const { roleArn, solution, gate, campaign } = recommender;
  const arns = arnsOf(context);
  const isTrained = train !== "never";
  const trained = [solution, ...(gate.baseline ? [gate.baseline] : [])].flatMap(({ arn }) => [arn, `${arn}/*`]);
  return [
    allow("Import", IMPORT, arns.importJob(`${jobNamePrefix(context)}*`)),
    allow("PassRole", ["iam:PassRole"], roleArn, { StringEquals: { "iam:PassedToService": "personalize.amazonaws.com" } }),
    ...(isTrained ? [allow("Train", TRAIN, trained), allow("ListVersions", ONLY_ON_STAR.solutionVersions, "*")] : []),
    ...(isTrained || campaign ? acceptedVersionStatements(context, isTrained) : []),
    ...(campaign ? [allow("Deploy", DEPLOY, campaign.arn)] : []),
    allow("RecordRun", ["s3:PutObject"], arns.objects(context.buckets.lake, trainingRunsPrefix(context.keyPrefix))),
  ];
}

/** What it takes to find the accepted version, which may be of an earlier recipe's solution, and to compare with it. */
function acceptedVersionStatements(context: TenantContext, isTrained: boolean): Statement[] {
  const arns = arnsOf(context);
  const key = acceptedVersionKey(context.keyPrefix);
  const compare = named("DescribeSolutionVersion", ...(isTrained ? ["GetSolutionMetrics"] : []));
  return [
    allow("CompareVersions", compare, arns.solution(`${physicalName("solution", context, "solution")}-*`)),
    allow("KeepAccepted", ["s3:GetObject", ...(isTrained ? ["s3:PutObject"] : [])], arns.object(context.buckets.lake, key)),
    allow("FindAccepted", ["s3:ListBucket"], arns.bucket(context.buckets.lake), { StringEquals: { "s3:prefix": key } }),
  ];
}

const named = (...operations: string[]): string[] => operations.map((operation) => `personalize:${operation}`);

const IMPORT = named("CreateDatasetImportJob", "DescribeDatasetImportJob");
const TRAIN = named("CreateSolution", "DescribeSolution", "CreateSolutionVersion");
const DEPLOY = named("CreateCampaign", "UpdateCampaign", "DescribeCampaign");
