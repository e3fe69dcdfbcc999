import * as assert from "node:assert/strict";
import { DescribeCampaignCommand, UpdateCampaignCommand } from "@aws-sdk/client-personalize";
import { eventually } from "@c360/local-aws/testing";
import { CAMPAIGN, RecommendingPipeline } from "../support/recommendingPipeline";

describe("a deployment by the pipeline", () => {
  let world: RecommendingPipeline;
  /** Kinds of what is to fail. */
  const failing = new Set<string>();
  const fails = (kind: string) => (failing.has(kind) ? "no capacity" : undefined);
  let first: string;
  /** The next call does what it should, and its caller never hears of it. */
  const loseAnswer = (operation: string) => world.pipeline.fail({ service: "personalize", operation, kind: "loseAnswer", to: 1 });
  let firstDecision: string;
  before(async () => {
    world = await RecommendingPipeline.open({ personalize: { fails, creationMs: 50_000 } });
    const lost = loseAnswer("CreateCampaign");
    const { training } = (await world.run("first")).output;
    assert.equal(lost.injected, 1);
    first = training.solutionVersionArn;
    firstDecision = training.decision;
  });
  beforeEach(() => failing.clear());
  after(() => world.close());

  it("that fails leaves the old version serving, and says so; the same run key updates", async () => {
    failing.add("campaignUpdate");
    const failed = await world.run("second");
    assert.deepEqual([failed.status, failed.error], ["FAILED", "DeploymentFailed"]);
    assert.ok(
      (failed.cause ?? "").startsWith(`no capacity; the campaign still serves ${first} - The solution version is trained. `),
      failed.cause,
    );
    assert.equal(await world.served(), first);

    failing.clear();
    const again = await world.run("second");
    assert.deepEqual([again.status, again.output.training.decision], ["SUCCEEDED", "updated"]);
    assert.equal(await world.served(), again.output.training.solutionVersionArn);
    assert.equal((await world.versions()).length, 2);
  });

  it("waits until an update that is in progress is over", async () => {
    const { personalize } = world.pipeline;
    const own = world.pipeline.fail({ service: "personalize", operation: "DescribeCampaign", kind: "silence", to: 1 });
    const execution = await world.start("third");
    await eventually(() => assert.equal(own.injected, 1));
    await personalize.send(new UpdateCampaignCommand({ campaignArn: CAMPAIGN, solutionVersionArn: first, minProvisionedTPS: 1 }));
    own.remove();
    const { status, output, states } = await world.end(execution);
    assert.deepEqual([status, output.training.decision], ["SUCCEEDED", "updated"]);
    assert.ok(states.indexOf("WaitForCampaign") < states.indexOf("UpdateCampaign"));
    assert.equal(await world.served(), output.training.solutionVersionArn);
    const { campaign } = await personalize.send(new DescribeCampaignCommand({ campaignArn: CAMPAIGN }));
    assert.equal(campaign?.latestCampaignUpdate?.solutionVersionArn, output.training.solutionVersionArn);
  });

  it("knows what it did, even if the answer was lost", async () => {
    assert.equal(firstDecision, "created");
    const lost = loseAnswer("UpdateCampaign");
    const { output } = await world.run("fourth");
    assert.deepEqual([lost.injected, output.training.decision], [1, "updated"]);
    assert.equal(await world.served(), output.training.solutionVersionArn);
  });
});

describe("a campaign that cannot be created", () => {
  it("ends the run with the reason and what to do", async () => {
    const fails = (kind: string) => (kind === "campaign" ? "no capacity" : undefined);
    const world = await RecommendingPipeline.open({ personalize: { fails } });
    try {
      for (const runKey of ["first", "first"]) {
        const { error, cause = "" } = await world.run(runKey);
        assert.equal(error, "DeploymentFailed");
        assert.match(cause, /^the campaign is in status CREATE FAILED: no capacity - .* \(npm run teardown\)\.$/);
      }
      assert.equal((await world.versions()).length, 1);
    } finally {
      await world.close();
    }
  });
});
