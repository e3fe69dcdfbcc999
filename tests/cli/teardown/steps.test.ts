import * as assert from "node:assert/strict";
import type { StandingCampaign, StandingSolution } from "../../../cli/teardown/standing";
import { campaignStep, checkServed, solutionStep } from "../../../cli/teardown/steps";

const CAMPAIGN: StandingCampaign = { kind: "campaign", name: "c", arn: "arn:campaign/c", status: "ACTIVE", minProvisionedTps: 1 };
const SOLUTION: StandingSolution = {
  ...{ kind: "solution", name: "s", arn: "arn:solution/s", status: "ACTIVE" },
  ...{ versions: [], campaigns: [], strangers: [] },
};
const DELETE = { do: "delete" };

function waits(because: string) {
  return { do: "wait", because };
}

describe("what is done about a campaign", () => {
  const cases: [Partial<StandingCampaign>, object][] = [
    [{}, DELETE],
    [{ status: "CREATE FAILED" }, DELETE],
    [{ updateStatus: "ACTIVE" }, DELETE],
    [{ updateStatus: "CREATE FAILED" }, DELETE],
    [{ status: "CREATE PENDING" }, waits("it is being created")],
    [{ status: "CREATE IN_PROGRESS" }, waits("it is being created")],
    [{ updateStatus: "CREATE PENDING" }, waits("it is being updated")],
    [{ updateStatus: "CREATE IN PROGRESS" }, waits("it is being updated")],
    [{ status: "DELETE PENDING", updateStatus: "ACTIVE" }, waits("it is being deleted")],
    [{ status: "DELETE IN_PROGRESS" }, waits("it is being deleted")],
  ];
  for (const [changes, step] of cases) {
    it(JSON.stringify(changes), () => assert.deepEqual(campaignStep({ ...CAMPAIGN, ...changes }), step));
  }
});

describe("what is done about a solution", () => {
  const trained = { arn: "v1", status: "ACTIVE" };
  const training = { arn: "v2", status: "CREATE IN PROGRESS" };
  const cases: [Partial<StandingSolution>, object][] = [
    [{}, DELETE],
    [{ status: "CREATE FAILED" }, DELETE],
    [{ versions: [trained, { arn: "v3", status: "CREATE FAILED" }, { arn: "v4", status: "CREATE STOPPED" }] }, DELETE],
    [{ versions: [trained, training] }, waits("its version v2 is being trained")],
    [{ versions: [{ arn: "v5", status: "CREATE STOPPING" }] }, waits("its version v5 is being trained")],
    [{ campaigns: ["a", "b"], versions: [training] }, waits("it is served by a, b")],
    [{ status: "CREATE IN_PROGRESS" }, waits("it is being created")],
    [{ status: "DELETE PENDING", versions: [{ arn: "v1", status: "DELETE PENDING" }] }, waits("it is being deleted")],
  ];
  for (const [changes, step] of cases) {
    it(JSON.stringify(changes), () => assert.deepEqual(solutionStep({ ...SOLUTION, ...changes }), step));
  }

  it("is refused where a campaign of others serves it", () => {
    const served = { ...SOLUTION, campaigns: ["arn:campaign/c"], strangers: ["arn:campaign/by-hand"] };
    assert.doesNotThrow(() => checkServed({ campaigns: [CAMPAIGN], solutions: [SOLUTION, { ...served, strangers: [] }] }));
    const message = "solution s is served by arn:campaign/by-hand, which the pipeline did not make: delete that campaign first";
    assert.throws(() => checkServed({ campaigns: [CAMPAIGN], solutions: [SOLUTION, served] }), { message });
  });
});
