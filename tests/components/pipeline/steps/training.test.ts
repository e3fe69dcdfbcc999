import * as assert from "node:assert/strict";
import { ensureSolution } from "../../../../components/pipeline/steps/training";
import { recommenderResources } from "../../../../components/recommender/recommenderResources";
import { Expressions } from "@c360/local-aws";
import { CONTEXT } from "../../../support/pulumiMocks";

const PLACES = recommenderResources({ context: CONTEXT, recipe: "aws-user-personalization-v2", campaign: false, minProvisionedTps: 1 });
const OTHER = `${PLACES.datasetGroupArn}-by-hand`;
const BEGUN = "2026-01-31T00:00:00Z";

/** Where a look at an ACTIVE solution leads, and with which cause. */
async function look(DatasetGroupArn: string): Promise<unknown[]> {
  const { DescribeSolution, CheckSolution } = ensureSolution({ recommender: PLACES, maxWaitHours: 2 }).states("Train");
  const expressions = new Expressions();
  const result = { Solution: { Status: "ACTIVE", CreationDateTime: BEGUN, DatasetGroupArn } };
  const given = { created: false, since: Date.parse(BEGUN), states: { result, context: { State: { EnteredTime: BEGUN } } } };
  const bindings = { ...given, ...((await expressions.evaluate(DescribeSolution.Assign, "Assign", given)) as object) };
  for (const { Condition, Next, Assign = {} } of CheckSolution.Choices as { Condition: string; Next: string; Assign?: object }[]) {
    if ((await expressions.evaluate(Condition, "Condition", bindings)) !== true) continue;
    return [Next, await expressions.evaluate(Assign, "Assign", bindings)];
  }
  return [CheckSolution.Default];
}

describe("the solution of a pipeline", () => {
  it("is gone on with where it is of the dataset group that was imported into", async () => {
    assert.deepEqual(await look(PLACES.datasetGroupArn), ["Train", {}]);
  });

  it("is refused where it is of another dataset group, whose data it would train on", async () => {
    const cause = `the solution ${PLACES.solution.name} belongs to ${OTHER}, not to ${PLACES.datasetGroupArn}; delete it with npm run teardown`;
    assert.deepEqual(await look(OTHER), ["TrainingFailed", { cause }]);
  });
});
