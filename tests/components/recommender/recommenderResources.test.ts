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
      solution: {
        name: "acme-c360-recommender-solution-dev-a22",
        arn: `${OWN}:solution/acme-c360-recommender-solution-dev-a22`,
        recipeArn: "arn:aws:personalize:::recipe/aws-user-personalization-v2",
      },
      gate: { metric: "normalized_discounted_cumulative_gain_at_25", tolerance: 0.1, baseline: undefined },
      campaign: {
        name: "acme-c360-recommender-campaign-dev",
        arn: `${OWN}:campaign/acme-c360-recommender-campaign-dev`,
        minProvisionedTps: 3,
      },
    });
  });

  it("has no campaign when it is off, and another solution for another recipe", () => {
    assert.equal(recommenderResources({ ...ARGS, campaign: false }).campaign, undefined);
    const { solution } = recommenderResources({ ...ARGS, recipe: "aws-popularity-count" });
    assert.deepEqual([solution.name, solution.recipeArn.split("/")[1]], ["acme-c360-recommender-solution-dev-488", "aws-popularity-count"]);
  });

  it("has a baseline where a first version must beat one, unless it would be the same recipe", () => {
    const { gate, solution } = recommenderResources({ ...ARGS, requireBaseline: true, metric: "coverage", tolerance: 0 });
    const baseline = recommenderResources({ ...ARGS, recipe: "aws-popularity-count" }).solution;
    assert.deepEqual(gate, { metric: "coverage", tolerance: 0, baseline });
    assert.notEqual(solution.name, baseline.name);
    assert.equal(recommenderResources({ ...ARGS, requireBaseline: true, recipe: "aws-popularity-count" }).gate.baseline, undefined);
  });

  it("uses what was created by hand, with the stack's own solution and campaign", () => {
    assert.deepEqual(recommenderResources({ ...ARGS, existing: { ...ARNS, trackingId: "x" } }), { ...recommenderResources(ARGS), ...ARNS });
  });
});
