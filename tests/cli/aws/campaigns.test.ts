import * as assert from "node:assert/strict";
import {
  campaignStep,
  checkForeignCampaigns,
  type PipelineCampaign,
  type PipelineSolution,
  solutionStep,
} from "../../../cli/aws/campaigns";

const CAMPAIGN: PipelineCampaign = { kind: "campaign", name: "c", arn: "arn:campaign/c", status: "ACTIVE", minProvisionedTps: 1 };
const SOLUTION: PipelineSolution = {
  ...{ kind: "solution", name: "s", arn: "arn:solution/s", status: "ACTIVE" },
  ...{ versions: [], campaigns: [], foreignCampaigns: [] },
};
const DELETE = { do: "delete" };

function waits(reason: string) {
  return { do: "wait", reason };
}

describe("the next step of a campaign", () => {
  const cases: [Partial<PipelineCampaign>, object][] = [
    [{}, DELETE],
    [{ status: "CREATE FAILED" }, DELETE],
    [{ updateStatus: "ACTIVE" }, DELETE],
    [{ updateStatus: "CREATE FAILED" }, DELETE],
    [{ status: "CREATE PENDING" }, waits("is being created")],
    [{ status: "CREATE IN_PROGRESS" }, waits("is being created")],
    [{ updateStatus: "CREATE PENDING" }, waits("is being updated")],
    [{ updateStatus: "CREATE IN PROGRESS" }, waits("is being updated")],
    [{ status: "DELETE PENDING", updateStatus: "ACTIVE" }, waits("is being deleted")],
    [{ status: "DELETE IN_PROGRESS" }, waits("is being deleted")],
  ];
  for (const [changes, step] of cases) {
    it(JSON.stringify(changes), () => assert.deepEqual(campaignStep({ ...CAMPAIGN, ...changes }), step));
  }
});

describe("the next step of a solution", () => {
  const trained = { arn: "v1", status: "ACTIVE" };
  const training = { arn: "v2", status: "CREATE IN PROGRESS" };
  const cases: [Partial<PipelineSolution>, object][] = [
    [{}, DELETE],
    [{ status: "CREATE FAILED" }, DELETE],
    [{ versions: [trained, { arn: "v3", status: "CREATE FAILED" }, { arn: "v4", status: "CREATE STOPPED" }] }, DELETE],
    [{ versions: [trained, training] }, waits("has a version in training: v2")],
    [{ versions: [{ arn: "v5", status: "CREATE STOPPING" }] }, waits("has a version in training: v5")],
    [{ campaigns: ["a", "b"], versions: [training] }, waits("is served by a, b")],
    [{ status: "CREATE IN_PROGRESS" }, waits("is being created")],
    [{ status: "DELETE PENDING", versions: [{ arn: "v1", status: "DELETE PENDING" }] }, waits("is being deleted")],
  ];
  for (const [changes, step] of cases) {
    it(JSON.stringify(changes), () => assert.deepEqual(solutionStep({ ...SOLUTION, ...changes }), step));
  }

  it("is refused where a campaign of others serves it", () => {
    const served = { ...SOLUTION, campaigns: ["arn:campaign/c"], foreignCampaigns: ["arn:campaign/by-hand"] };
    assert.doesNotThrow(() => checkForeignCampaigns({ campaigns: [CAMPAIGN], solutions: [SOLUTION, { ...served, foreignCampaigns: [] }] }));
    const message = "solution s is served by arn:campaign/by-hand, which the pipeline did not create: delete that campaign first";
    assert.throws(() => checkForeignCampaigns({ campaigns: [CAMPAIGN], solutions: [SOLUTION, served] }), { message });
  });
});
