import * as assert from "node:assert/strict";
import {
  checkDeployment,
  deployedVersion,
  describeCampaign,
  matchAnswers,
  type Answer,
} from "../../../local/reconciliation/recommendations";
import type { PipelineRun, Training } from "../../../local/report";
import { exportedRun, GATE, trained } from "../../support/report";

const ARN = "arn:aws:personalize:ap-southeast-1:123456789012:campaign/acme";
const session = (id: string, userId: string) => ({ id, userId, start: 1 });
const SESSIONS = [session("a1", "a"), session("b1", "b"), session("a2", "a")];
const answer = (userId: string | null, recommendationId: string, items = ["i"], campaignArn = ARN): Answer => {
  return { campaignArn, userId, recommendationId, items };
};
const match = (...answers: Answer[]) => {
  const each = async function* () {
    yield* answers;
  };
  return matchAnswers({ sessions: SESSIONS, campaignArn: ARN, answers: each() });
};

describe("the recommendations of sessions", () => {
  it("are a user's in the order of the user's sessions, and nobody else's", async () => {
    const other = answer("a", "r0", ["x"], `${ARN}-of-another-tenant`);
    const { recommended, requests, problems } = await match(other, answer("b", "r1"), answer("a", "r2", []), answer("a", "r3", ["j", "k"]));
    assert.deepEqual([requests, problems], [3, []]);
    assert.deepEqual(
      [...recommended],
      [
        ["b1", { items: ["i"], recommendationId: "r1" }],
        ["a2", { items: ["j", "k"], recommendationId: "r3" }],
      ],
    );
  });

  it("lack a session that did not ask, and name an answer that no session asked for", async () => {
    const { requests, problems } = await match(answer("a", "r1"), answer("b", "r2"), answer("b", "r3"), answer(null, "r4"));
    assert.equal(requests, 4);
    assert.deepEqual(problems, [
      { check: "campaign.missing", expected: 0, actual: 1, examples: ["a a2"] },
      { check: "campaign.unexpected", expected: 0, actual: 2, examples: ["b r3", "null r4"] },
    ]);
  });
});

describe("the campaign of the report", () => {
  const run = (decision: Training["decision"], version: string): PipelineRun => ({
    ...{ ...exportedRun(), training: { ...trained(decision), solutionVersionArn: version } },
  });
  const failed: PipelineRun = { runId: "f", runDate: "2026-11-25", status: "FAILED", seconds: {} };

  it("has the version that was deployed last", () => {
    assert.equal(deployedVersion([run("created", "v1"), run("updated", "v2"), run("kept", "v3"), failed]), "v2");
    assert.equal(deployedVersion([run("kept", "v1"), failed]), undefined);
  });

  it("counts what was shown, and each event that followed", () => {
    const expected = new Map([
      ["shown", { sessionId: "s", times: 1, impression: ["a", "b"], recommendationId: "r" }],
      ["twice", { sessionId: "s", times: 2, recommendationId: "r" }],
      ["other", { sessionId: "s", times: 5 }],
    ]);
    const { campaign } = describeCampaign(ARN, [run("created", "v1")], 1, expected);
    assert.deepEqual(campaign, { arn: ARN, solutionVersionArn: "v1", requests: 1, shown: 2, followed: 2 });
    assert.deepEqual(describeCampaign(ARN, [run("skipped", "")], 0, expected), {});
    assert.deepEqual(describeCampaign(undefined, [run("kept", "v1")], 0, expected), {});
  });

  it("must be there after runs that succeeded, where the stack trains and has one", () => {
    const settings = { train: "afterExport" as const, campaign: true, gate: GATE };
    const [{ check, examples }] = checkDeployment(settings, [run("skipped", "")]);
    assert.deepEqual([check, examples], ["campaign.deployed", ["skipped: pipeline.train is never"]]);
    assert.deepEqual(checkDeployment(settings, [run("created", "v1"), run("kept", "v1")]), []);
    assert.deepEqual(checkDeployment(settings, [failed, run("kept", "")]), []);
    assert.deepEqual(checkDeployment({ ...settings, train: "never" }, [run("skipped", "")]), []);
    assert.deepEqual(checkDeployment({ ...settings, campaign: false }, [run("kept", "v1")]), []);
    const refusing = { ...settings, gate: { ...GATE, requireBaseline: true } };
    assert.deepEqual(checkDeployment(refusing, [run("kept", "v1")]), []);
  });
});
