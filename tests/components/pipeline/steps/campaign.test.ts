import * as assert from "node:assert/strict";
import { deployCampaign } from "../../../../components/pipeline/steps/campaign";
import { type Respond, STARTED, TaskError, walk, type Walked } from "../../../support/walk";

const HOUR = 3_600_000;
const CAMPAIGN = { name: "campaign", arn: "arn:campaign", minProvisionedTps: 2 };
const VARIABLES = {
  ...{ versionArn: "new", metrics: {}, present: null, baseline: null, accepted: "new", why: "it is better" },
  unchanged: { decision: "kept", reason: "the campaign serves the solution version already" },
};

const time = (ms: number) => new Date(ms).toISOString();
const fails = (error: string, cause?: string): never => {
  throw new TaskError(`Personalize.${error}`, cause);
};
/** A campaign that is ACTIVE, serves `old` and is older than the run, unless told otherwise. */
const campaign = (more: object = {}) => ({
  Campaign: { Status: "ACTIVE", SolutionVersionArn: "old", MinProvisionedTPS: 2, CreationDateTime: time(STARTED - HOUR), ...more },
});
const update = (Status: string, SolutionVersionArn = "new", created = STARTED, more: object = {}) => ({
  LatestCampaignUpdate: { Status, SolutionVersionArn, CreationDateTime: time(created), ...more },
});
const created = (Status = "ACTIVE", more: object = {}) =>
  campaign({ Status, SolutionVersionArn: "new", CreationDateTime: time(STARTED), ...more });
const updated = campaign({ SolutionVersionArn: "new", ...update("ACTIVE") });

/** Deploys where the campaign is described so, one after the other; the last description stays. Undefined: there is none. */
function deploy(seen: (object | undefined)[], responses: Record<string, Respond> = {}): Promise<Walked> {
  const { first, states } = deployCampaign(CAMPAIGN, 24);
  const machine = { StartAt: first, States: { ...states("Next"), Next: { Type: "Succeed" } } } as const;
  const FindCampaign: Respond = (_given, call) => seen[Math.min(call, seen.length - 1)] ?? fails("ResourceNotFoundException");
  return walk(machine, {
    variables: VARIABLES,
    responses: { FindCampaign, CreateCampaign: () => ({}), UpdateCampaign: () => ({}), ...responses },
  });
}
const decision = ({ variables }: Walked) => (variables.training as { decision: string }).decision;
const changes = ({ calls }: Walked) => [calls.CreateCampaign?.length ?? 0, calls.UpdateCampaign?.length ?? 0];

describe("the deployment of a run", () => {
  it("creates the campaign and waits until it is active", async () => {
    const walked = await deploy([undefined, created("CREATE PENDING"), created("CREATE IN_PROGRESS"), created()]);
    assert.deepEqual(walked.calls.CreateCampaign, [{ Name: "campaign", SolutionVersionArn: "new", MinProvisionedTPS: 2 }]);
    assert.deepEqual([decision(walked), walked.states.filter((state) => state === "WaitForCampaign").length], ["created", 2]);
    assert.deepEqual(walked.variables.training, {
      ...{ solutionVersionArn: "new", metrics: {}, baseline: null, present: null },
      ...{ decision: "created", reason: "it is better" },
    });
  });

  it("updates a campaign that serves another version", async () => {
    const walked = await deploy([campaign(), campaign(update("CREATE IN_PROGRESS")), updated]);
    assert.deepEqual(walked.calls.UpdateCampaign, [{ CampaignArn: "arn:campaign", SolutionVersionArn: "new", MinProvisionedTPS: 2 }]);
    assert.equal(decision(walked), "updated");
  });

  it("keeps a campaign that serves the version already, unless its throughput is another", async () => {
    const serves = { SolutionVersionArn: "new" };
    const kept = await deploy([campaign(serves)]);
    assert.deepEqual([decision(kept), changes(kept)], ["kept", [0, 0]]);
    const scaled = await deploy([campaign({ ...serves, MinProvisionedTPS: 1 }), updated]);
    assert.deepEqual([decision(scaled), changes(scaled)], ["updated", [0, 1]]);
  });

  it("waits until an update in progress is over", async () => {
    const walked = await deploy([
      campaign(update("CREATE PENDING", "other", STARTED - HOUR)),
      campaign(update("CREATE IN_PROGRESS", "other", STARTED - HOUR)),
      campaign({ SolutionVersionArn: "other", ...update("ACTIVE", "other", STARTED - HOUR) }),
      updated,
    ]);
    assert.deepEqual([decision(walked), changes(walked)], ["updated", [0, 1]]);
    assert.ok(walked.states.lastIndexOf("WaitForCampaign") < walked.states.indexOf("UpdateCampaign"));
  });

  it("knows what it did, even if the response was lost", async () => {
    const lostUpdate = await deploy([campaign(), updated], {
      UpdateCampaign: (_given, call) => (call === 0 ? fails("InternalServerError") : fails("ResourceInUseException")),
    });
    assert.equal(decision(lostUpdate), "updated");
    const lostCreation = await deploy([undefined, created()], { CreateCampaign: () => fails("ResourceAlreadyExistsException") });
    assert.equal(decision(lostCreation), "created");
  });

  it("fails where its update failed, with the reason and what is served", async () => {
    const { error, cause = "" } = await deploy([
      campaign(),
      campaign(update("CREATE FAILED", "new", STARTED, { FailureReason: "no capacity" })),
    ]);
    assert.equal(error, "DeploymentFailed");
    assert.ok(cause.startsWith("no capacity; the campaign still serves old - The solution version is trained. "), cause);
  });

  it("tries again where the update of an earlier execution failed", async () => {
    const walked = await deploy([campaign(update("CREATE FAILED", "new", STARTED - HOUR)), updated]);
    assert.deepEqual([decision(walked), changes(walked)], ["updated", [0, 1]]);
  });

  it("does not take the failed update of another version for its own", async () => {
    const failedBefore = campaign(update("CREATE FAILED", "other", STARTED - HOUR));
    const walked = await deploy([failedBefore, failedBefore, updated]);
    assert.deepEqual([decision(walked), changes(walked)], ["updated", [0, 1]]);
  });

  it("fails where the campaign could not be created, with what to do", async () => {
    const { error, cause = "" } = await deploy([undefined, created("CREATE FAILED", { FailureReason: "no capacity" })]);
    assert.equal(error, "DeploymentFailed");
    assert.match(cause, /^the campaign is in status CREATE FAILED: no capacity - .* must be deleted first \(npm run teardown\)\.$/);
  });

  it("waits while a quota is used up or the campaign is busy", async () => {
    const walked = await deploy([campaign(), campaign(), campaign(), updated], {
      UpdateCampaign: (_given, call) => (call < 2 ? fails(["LimitExceededException", "ResourceInUseException"][call]) : {}),
    });
    assert.deepEqual([decision(walked), changes(walked)], ["updated", [0, 3]]);
    assert.equal(walked.states.filter((state) => state === "WaitForCampaignQuota").length, 2);
  });

  it("does not wait longer than it may", async () => {
    const busy = await deploy([campaign(update("CREATE IN_PROGRESS"))]);
    assert.ok(busy.cause?.startsWith("the status of the campaign was ACTIVE after 24 hours (pipeline.maxWaitHours) - "), busy.cause);
    const full = await deploy([undefined], { CreateCampaign: () => fails("LimitExceededException", "not now") });
    assert.ok(full.cause?.startsWith("not now after 24 hours (pipeline.maxWaitHours) - "), full.cause);
    assert.deepEqual([busy.error, full.error], ["DeploymentFailed", "DeploymentFailed"]);
  });
});
