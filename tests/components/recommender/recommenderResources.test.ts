import * as assert from "node:assert/strict";
import { recommenderResources, type RecommenderResourcesArgs } from "../../../components/recommender/recommenderResources";
import { CONTEXT } from "../../support/pulumiMocks";
import { ARNS } from "../../support/settings";

const ARGS: RecommenderResourcesArgs = { context: CONTEXT, recipe: "aws-user-personalization-v2", campaign: true, minProvisionedTps: 3 };
const OWN = "arn:aws:personalize:ap-southeast-1:123456789012";

describe("recommenderResources", () => {
  it("gives names and ARNs", () => {
    assert.deepEqual(recommenderResources(ARGS), {
      datasetGroupArn: `${OWN}:dataset-group/acme-c360-recommender-recommender-dev`,
      datasetArn: `${OWN}:dataset/acme-c360-recommender-recommender-dev/INTERACTIONS`,
      roleArn: "arn:aws:iam::123456789012:role/acme-c360-recommender-personalize-dev",
      recipeArn: "arn:aws:personalize:::recipe/aws-user-personalization-v2",
      solution: { name: "acme-c360-recommender-solution-dev-a22", arn: `${OWN}:solution/acme-c360-recommender-solution-dev-a22` },
      campaign: {
        name: "acme-c360-recommender-campaign-dev",
        arn: `${OWN}:campaign/acme-c360-recommender-campaign-dev`,
        minProvisionedTps: 3,
      },
    });
  });

  it("has no campaign when it is off, and another solution for another recipe", () => {
    assert.equal(recommenderResources({ ...ARGS, campaign: false }).campaign, undefined);
    const { solution, recipeArn } = recommenderResources({ ...ARGS, recipe: "aws-popularity-count" });
    assert.deepEqual([solution.name, recipeArn.split("/")[1]], ["acme-c360-recommender-solution-dev-488", "aws-popularity-count"]);
  });

  it("uses what was created by hand, with the stack's own solution and campaign", () => {
    assert.deepEqual(recommenderResources({ ...ARGS, existing: { ...ARNS, trackingId: "x" } }), { ...recommenderResources(ARGS), ...ARNS });
  });
});
