import * as assert from "node:assert/strict";
import fc from "fast-check";
import type { DefinitionArgs } from "../../../../components/pipeline/definition";
import { qualityGate } from "../../../../components/pipeline/steps/gate";
import { recommenderResources, type RecommenderResourcesArgs } from "../../../../components/recommender/recommenderResources";
import { DEFINITION_ARGS } from "../../../support/definitionArgs";
import { RESPONSES, walkPipeline } from "../../../support/pipelineWalk";
import { CONTEXT } from "../../../support/pulumiMocks";
import { type Respond, STARTED, TaskError, walk, type Walked } from "../../../support/walk";

const METRIC = "normalized_discounted_cumulative_gain_at_25";
const SOLUTION = DEFINITION_ARGS.recommender.solution.arn;
const [NEW, ACCEPTED, SERVED] = ["new", "accepted", "served"].map((version) => `${SOLUTION}/${version}`);
const KEY = "alice/recommender/accepted_version.json";

const fails = (error: string): Respond => {
  return () => {
    throw new TaskError(error);
  };
};
const metrics = (value: unknown, metric = METRIC): Respond => {
  return () => ({ Metrics: value === undefined ? {} : { [metric]: value } });
};

/** What is there when a version was trained. */
interface Before {
  /** Metrics of the new version. */
  value?: unknown;
  /** Metric of what is compared with. */
  present?: unknown;
  accepted?: string;
  served?: string;
}

/** Walks the gate alone. */
async function decide(before: Before, settings: Partial<RecommenderResourcesArgs> = {}, responses: Record<string, Respond> = {}) {
  const { value, present, accepted, served } = before;
  const recommender = recommenderResources({ context: CONTEXT, campaign: true, ...settings });
  const { first, states } = qualityGate({ ...DEFINITION_ARGS, recommender });
  const machine = { StartAt: first, States: { ...states("Next"), Next: { Type: "Succeed" } } } as const;
  const walked = await walk(machine, {
    variables: { versionArn: NEW, metrics: value === undefined ? {} : { [METRIC]: value }, runId: "run", runHash: "0123", imported: true },
    responses: {
      ...RESPONSES,
      ...(accepted && { ReadAccepted: () => ({ Body: JSON.stringify({ solutionVersionArn: accepted }) }) }),
      ...(served && { FindServed: () => ({ Campaign: { Status: "ACTIVE", SolutionVersionArn: served } }) }),
      ReadPresentMetrics: metrics(present),
      ...responses,
    },
  });
  const { why, unchanged } = walked.variables as { why: string; unchanged?: { decision: string; reason: string } };
  const isAccepted = walked.calls.AcceptVersion !== undefined;
  assert.equal(walked.variables.accepted, isAccepted ? NEW : (accepted ?? ""));
  return { ...walked, isAccepted, reason: isAccepted ? why : unchanged?.reason, unchanged };
}

describe("the quality gate", () => {
  it("accepts a version that is worse by no more than the tolerance, and refuses one that is", async () => {
    const accepted = await decide({ value: 0.45, present: 0.5, served: SERVED, accepted: SERVED });
    assert.equal(
      accepted.reason,
      `its ${METRIC} is 0.45, and that of the present version is 0.5; it must be at least 0.9 of it (recommender.tolerance 0.1)`,
    );
    assert.deepEqual(accepted.calls.AcceptVersion, [
      {
        Bucket: "lake",
        Key: KEY,
        ContentType: "application/json",
        Body: { solutionVersionArn: NEW, metric: METRIC, value: 0.45, runId: "run", decidedAt: new Date(STARTED).toISOString() },
      },
    ]);
    const refused = await decide({ value: 0.44, present: 0.5, served: SERVED, accepted: SERVED });
    assert.equal(refused.isAccepted, false);
    assert.deepEqual(refused.unchanged, {
      decision: "kept",
      reason: `its ${METRIC} is 0.44, and that of the present version is 0.5; it must be at least 0.9 of it (recommender.tolerance 0.1)`,
    });
  });

  it("never deploys what is worse than the tolerance, and never holds back what is better", async () => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    const tolerance = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);
    const property = fc.asyncProperty(value, value, tolerance, async (mine, present, allowed) => {
      const { isAccepted } = await decide({ value: mine, present, served: SERVED }, { tolerance: allowed });
      const least = present * (1 - allowed);
      if (mine >= present || mine > least * (1 + 1e-6)) assert.ok(isAccepted, "held back");
      if (mine < least * (1 - 1e-6)) assert.ok(!isAccepted, "deployed");
    });
    await fc.assert(property, { numRuns: 150 });
  });

  it("refuses where a metric is missing or is no number, with that reason", async () => {
    for (const value of [undefined, "NaN", null]) {
      const own = await decide({ value, present: 0.5, served: SERVED });
      assert.deepEqual([own.isAccepted, own.reason], [false, `the version has no number as ${METRIC}`]);
      const other = await decide({ value: 0.5, present: value, served: SERVED });
      assert.deepEqual([other.isAccepted, other.reason], [false, `the present version has no number as ${METRIC}`]);
    }
  });

  it("compares with what the campaign serves, or else with what was accepted last", async () => {
    const comparedWith = async (before: Before, responses: Record<string, Respond> = {}) =>
      (await decide({ value: 0.5, present: 0.5, ...before }, {}, responses)).calls.ReadPresentMetrics?.[0].SolutionVersionArn;
    assert.equal(await comparedWith({ served: SERVED, accepted: ACCEPTED }), SERVED);
    assert.equal(await comparedWith({ accepted: ACCEPTED }), ACCEPTED);
    assert.equal(await comparedWith({}), undefined);
    const failed: Respond = () => ({ Campaign: { Status: "CREATE FAILED", SolutionVersionArn: SERVED } });
    assert.equal(await comparedWith({ accepted: ACCEPTED }, { FindServed: failed }), ACCEPTED);
    const deleting: Respond = () => ({ SolutionVersion: { Status: "DELETE PENDING" } });
    assert.equal(await comparedWith({ accepted: ACCEPTED }, { FindAccepted: deleting }), undefined);
  });

  it("accepts a version that was accepted, or is served already, without a comparison", async () => {
    for (const before of [{ accepted: NEW }, { served: NEW, accepted: ACCEPTED }]) {
      const { isAccepted, reason, calls } = await decide({ value: 0.1, present: 0.9, ...before });
      assert.deepEqual([isAccepted, reason, calls.ReadPresentMetrics], [true, "the version was accepted before", undefined]);
    }
  });

  it("counts an accepted version that was deleted with its solution as none", async () => {
    const { isAccepted, reason } = await decide(
      { value: 0.1, accepted: ACCEPTED },
      {},
      { FindAccepted: fails("Personalize.ResourceNotFoundException") },
    );
    assert.deepEqual([isAccepted, reason], [true, "it is the first version"]);
  });
});

describe("the quality gate of a first version", () => {
  const first = (value: unknown, baseline: unknown) =>
    decide({ value }, { requireBaseline: true }, { ReadBaselineMetrics: metrics(baseline) });

  it("accepts it as it is where no baseline is asked for", async () => {
    const { isAccepted, reason, calls } = await decide({ value: 0 });
    assert.deepEqual([isAccepted, reason, calls.TrainBaseline], [true, "it is the first version", undefined]);
  });

  it("asks that it beats the popularity recipe, trained on the same data", async () => {
    const better = await first(0.3, 0.2);
    assert.deepEqual([better.isAccepted, better.variables.baseline], [true, { [METRIC]: 0.2 }]);
    const { baseline } = recommenderResources({ context: CONTEXT, requireBaseline: true }).gate;
    assert.deepEqual(better.calls.EnsureBaselineSolution[0].RecipeArn, "arn:aws:personalize:::recipe/aws-popularity-count");
    assert.deepEqual(better.calls.TrainBaseline[0].SolutionArn, baseline?.arn);
    for (const [value, of] of [
      [0.2, 0.2],
      [0.1, 0.2],
    ]) {
      const { isAccepted, reason } = await first(value, of);
      assert.equal(isAccepted, false);
      assert.equal(
        reason,
        `its ${METRIC} is ${value}, and that of the baseline is ${of}; it must be above it (recommender.requireBaseline)`,
      );
    }
  });

  it("trains no baseline for a version that has no number, and refuses it", async () => {
    const { isAccepted, reason, calls } = await first("NaN", 0.2);
    assert.deepEqual([isAccepted, reason, calls.TrainBaseline], [false, `the version has no number as ${METRIC}`, undefined]);
    assert.equal((await first(0.3, undefined)).reason, `the baseline has no number as ${METRIC}`);
  });
});

describe("the campaign of a run", () => {
  const campaign = (serves: string, more: object = {}) => ({
    Campaign: { Status: "ACTIVE", SolutionVersionArn: serves, MinProvisionedTPS: 1, CreationDateTime: new Date(0).toISOString(), ...more },
  });
  /** A campaign that serves one version until it is updated. */
  const serving = (version: string): Record<string, Respond> => {
    let update: { arn: string; at: number } | undefined;
    const describe: Respond = (_given, _call, now) =>
      update === undefined
        ? campaign(version)
        : campaign(update.arn, {
            LatestCampaignUpdate: { Status: "ACTIVE", SolutionVersionArn: update.arn, CreationDateTime: new Date(now).toISOString() },
          });
    return {
      FindServed: describe,
      FindCampaign: describe,
      UpdateCampaign: ({ SolutionVersionArn }, _call, now) => (update = { arn: String(SolutionVersionArn), at: now }),
    };
  };
  const run = (args: Partial<DefinitionArgs>, accepted: string | undefined, responses: Record<string, Respond>): Promise<Walked> =>
    walkPipeline(args, {
      responses: { ...(accepted && { ReadAccepted: () => ({ Body: JSON.stringify({ solutionVersionArn: accepted }) }) }), ...responses },
    });
  const trainingOf = ({ output }: Walked) => (output as { training: Record<string, unknown> }).training;
  const worse = { Train: () => ({ SolutionVersionArn: NEW }), ReadMetrics: metrics(0.1), ReadPresentMetrics: metrics(0.5) };

  it("stays where the gate refuses the new version, and the run succeeds with both metrics", async () => {
    const walked = await run({}, SERVED, { ...worse, ...serving(SERVED) });
    assert.deepEqual(walked.calls.UpdateCampaign, undefined);
    const { reason, ...training } = trainingOf(walked);
    assert.match(String(reason), /^its \S+ is 0\.1, and that of the present version is 0\.5; /);
    assert.deepEqual(training, {
      ...{ solutionVersionArn: NEW, metrics: { [METRIC]: 0.1 }, present: { [METRIC]: 0.5 }, baseline: null, decision: "kept" },
    });
    const Body = walked.calls.Record[0].Body as Record<string, unknown>;
    assert.deepEqual([Body.decision, Body.metrics, Body.present, Body.baseline], ["kept", { [METRIC]: 0.1 }, { [METRIC]: 0.5 }, null]);
    assert.ok(walked.states.includes("ListRuns"));
    const [{ Message }] = walked.calls.PublishNotice;
    assert.ok(String(Message).includes(`Reason: ${String(reason)}`), String(Message));
    assert.equal((await run({}, SERVED, { ...worse, ReadMetrics: metrics(0.6), ...serving(SERVED) })).calls.PublishNotice, undefined);
  });

  it("gets the accepted version with the next run, whether it trains or not, and never a refused one", async () => {
    for (const [args, how] of [
      [{ train: "never" }, /^pipeline\.train is never; the campaign did not serve the accepted version$/],
      [{}, /^the quality gate refused \S+\/new: its \S+ is 0\.1, .*; the campaign did not serve the accepted version$/],
    ] as const) {
      const walked = await run(args, ACCEPTED, { ...worse, ...serving(SERVED) });
      assert.deepEqual(
        walked.calls.UpdateCampaign.map(({ SolutionVersionArn }) => SolutionVersionArn),
        [ACCEPTED],
      );
      const { decision, solutionVersionArn, reason } = trainingOf(walked);
      assert.deepEqual([decision, solutionVersionArn], ["updated", ACCEPTED]);
      assert.match(String(reason), how);
    }
  });

  it("is created for the accepted version when it was turned on, or deleted by hand", async () => {
    const walked = await run({ train: "never" }, ACCEPTED, {
      FindCampaign: (_given, call, now) => {
        if (call === 0) throw new TaskError("Personalize.ResourceNotFoundException");
        return campaign(ACCEPTED, { CreationDateTime: new Date(now).toISOString() });
      },
    });
    assert.equal(walked.calls.CreateCampaign[0].SolutionVersionArn, ACCEPTED);
    assert.deepEqual([trainingOf(walked).decision, trainingOf(walked).solutionVersionArn], ["created", ACCEPTED]);
  });

  it("is left as it is where nothing was accepted yet", async () => {
    const walked = await run({ train: "never" }, undefined, serving(SERVED));
    assert.deepEqual([walked.calls.UpdateCampaign, trainingOf(walked).decision], [undefined, "skipped"]);
  });
});
