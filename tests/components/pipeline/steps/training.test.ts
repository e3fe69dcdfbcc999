import * as assert from "node:assert/strict";
import { jobNamePrefix } from "../../../../components/shared/naming";
import { DEFINITION_ARGS, PARTS, TRAINED_ALONE } from "../../../support/definitionArgs";
import { RESPONSES, walkPipeline } from "../../../support/pipelineWalk";
import { type Respond, STARTED, TaskError, type Walked } from "../../../support/walk";

const DAY = 86_400_000;
const SOLUTION = DEFINITION_ARGS.recommender.solution.arn;
const GROUP = DEFINITION_ARGS.recommender.datasetGroupArn;
/** The run key `nightly`, in names. */
const OWN = `${jobNamePrefix(DEFINITION_ARGS.context)}2a3b62b53ddb`;

const time = (ms: number) => new Date(ms).toISOString();
const taken: Respond = () => {
  throw new TaskError("Personalize.ResourceAlreadyExistsException");
};
const version = (Status: string, created: number, more: object = {}) => ({
  SolutionVersion: { Status, CreationDateTime: time(created), ...more },
});
/** The CSV and the import of an earlier execution, which are there still. */
const kept: Record<string, Respond> = {
  Import: taken,
  DescribeImport: () => ({ DatasetImportJob: { Status: "ACTIVE", CreationDateTime: time(STARTED - DAY) } }),
  Export: () => ({ Payload: { decision: "kept", lastModified: time(STARTED - DAY), manifest: { rows: 1000, users: 25, items: 40 } } }),
};
const train = (responses: Record<string, Respond>, weekly = false): Promise<Walked> =>
  walkPipeline({ train: weekly ? "weekly" : "afterExport" }, { input: { runKey: "nightly" }, responses });
const from = (state: string, { states }: Walked): string[] => states.slice(states.indexOf(state));
const trainingOf = ({ output }: Walked) => (output as { training: Record<string, unknown> }).training;

describe("the solution of a run", () => {
  const solutionOf = (DatasetGroupArn: string): Record<string, Respond> => ({
    EnsureSolution: taken,
    DescribeSolution: () => ({ Solution: { Status: "ACTIVE", CreationDateTime: time(STARTED - DAY), DatasetGroupArn } }),
  });

  it("is created once, and never trains by itself", async () => {
    const { calls, states } = await train({});
    assert.deepEqual(calls.EnsureSolution[0].PerformAutoTraining, false);
    assert.deepEqual((await train(solutionOf(GROUP))).states, states);
  });

  it("is refused where it belongs to another dataset group, whose data it would train on", async () => {
    const { error, cause = "", calls } = await train(solutionOf(`${GROUP}-by-hand`));
    const { name } = DEFINITION_ARGS.recommender.solution;
    assert.equal(error, "TrainingFailed");
    assert.ok(
      cause.startsWith(`the solution ${name} belongs to ${GROUP}-by-hand, not to ${GROUP}; delete it with npm run teardown - `),
      cause,
    );
    assert.equal(calls.Train, undefined);
  });
});

describe("the training of a run", () => {
  it("makes a version named by the run key, and keeps its metrics", async () => {
    const walked = await train({});
    assert.deepEqual(walked.calls.Train, [{ Name: `${OWN}-1`, SolutionArn: SOLUTION, TrainingMode: "FULL" }]);
    assert.deepEqual(walked.calls.ReadMetrics, [{ SolutionVersionArn: "new-version" }]);
    const { solutionVersionArn, metrics } = trainingOf(walked);
    assert.deepEqual([solutionVersionArn, metrics], ["new-version", { normalized_discounted_cumulative_gain_at_25: 0.5 }]);
  });

  it("fails with the service's reason, and leaves the campaign", async () => {
    const {
      error,
      cause = "",
      calls,
    } = await train({
      DescribeTraining: (_given, _call, now) => version("CREATE FAILED", now, { FailureReason: "out of luck" }),
    });
    assert.equal(error, "TrainingFailed");
    assert.match(cause, /^out of luck - The CSV is imported, and the campaign is unchanged\. Fix the cause, /);
    assert.equal(calls.FindCampaign, undefined);
  });

  /** Versions by ARN, newest last, listed two on a page, of which no name is known before it is described. */
  const listed = (names: Record<string, string>): Record<string, Respond> => {
    const all = Object.keys(names).map((SolutionVersionArn, i) => ({ SolutionVersionArn, CreationDateTime: time(STARTED - DAY + i) }));
    return {
      Train: ({ Name }) => (Object.values(names).includes(String(Name)) ? taken({}, 0, 0) : { SolutionVersionArn: "new-version" }),
      ListVersions: ({ NextToken = "0" }) => {
        const begin = Number(NextToken);
        return { SolutionVersions: all.slice(begin, begin + 2), ...(begin + 2 < all.length && { NextToken: String(begin + 2) }) };
      },
      ReadVersion: ({ SolutionVersionArn }) => ({ SolutionVersion: { Name: names[String(SolutionVersionArn)] } }),
    };
  };

  it("finds the version of the run key by its name, on whatever page of the list", async () => {
    const walked = await train({
      ...listed({ a: "one", b: "two", c: "three", d: `${OWN}-1`, e: "five" }),
      ...kept,
      DescribeTraining: () => version("ACTIVE", STARTED - DAY),
      FindCampaign: () => ({ Campaign: { Status: "ACTIVE", SolutionVersionArn: "d", MinProvisionedTPS: 1, CreationDateTime: time(0) } }),
    });
    assert.deepEqual(
      walked.calls.ReadVersion.map(({ SolutionVersionArn }) => SolutionVersionArn),
      ["b", "a", "d"],
    );
    assert.deepEqual(walked.calls.ListVersions[1], { SolutionArn: SOLUTION, MaxResults: 100, NextToken: "2" });
    assert.deepEqual([trainingOf(walked).solutionVersionArn, trainingOf(walked).decision], ["d", "kept"]);
  });

  for (const [what, status] of [
    ["failed", "CREATE FAILED"],
    ["is of another import", "ACTIVE"],
  ]) {
    it(`makes another attempt where the version of the run key ${what}`, async () => {
      const walked = await train({
        ...listed({ a: `${OWN}-1` }),
        DescribeTraining: ({ SolutionVersionArn }, _call, now) =>
          SolutionVersionArn === "a" ? version(status, STARTED - DAY) : version("ACTIVE", now),
      });
      const again = ["ListVersions", "NextVersion", "ReadVersion", "CheckVersion", "DescribeTraining", "CheckTraining", "NextTraining"];
      assert.deepEqual(from("BeginTraining", walked).slice(0, 11), ["BeginTraining", "Train", ...again, "Train", "DescribeTraining"]);
      assert.deepEqual(
        walked.calls.Train.map(({ Name }) => Name),
        [`${OWN}-1`, `${OWN}-2`],
      );
      assert.equal(trainingOf(walked).solutionVersionArn, "new-version");
    });
  }

  it("finds its own version when the response was lost", async () => {
    const walked = await train({
      ...listed({ a: `${OWN}-1` }),
      DescribeTraining: (_given, _call, now) => version("ACTIVE", now),
      FindCampaign: () => ({ Campaign: { Status: "ACTIVE", SolutionVersionArn: "a", MinProvisionedTPS: 1, CreationDateTime: time(0) } }),
    });
    assert.deepEqual([walked.calls.Train.length, trainingOf(walked).solutionVersionArn], [1, "a"]);
  });

  it("says that a taken name is nobody's", async () => {
    const { error, cause = "" } = await train({ Train: taken, ListVersions: () => ({}) });
    assert.equal(error, "TrainingFailed");
    assert.ok(cause.startsWith(`no solution version is named ${OWN}-1, although that name is taken - `), cause);
  });

  it("deploys nothing where there is no campaign", async () => {
    const walked = await walkPipeline({ recommender: TRAINED_ALONE });
    assert.deepEqual(from("AcceptVersion", walked).slice(0, 4), ["AcceptVersion", "LeaveCampaign", "CheckRefusal", "Record"]);
    const { solutionVersionArn, decision, reason } = trainingOf(walked);
    assert.deepEqual([solutionVersionArn, decision, reason], ["new-version", "kept", "it is the first version; the campaign is off"]);
    assert.equal("campaignArn" in (walked.output as object), false);
  });

  it("does not happen where it is off", async () => {
    const walked = await walkPipeline({ train: "never", recommender: TRAINED_ALONE });
    assert.deepEqual(from("CheckImport", walked).slice(0, 3), ["CheckImport", "NoTraining", "Record"]);
    const skipped = { solutionVersionArn: "", metrics: {}, baseline: null, present: null, decision: "skipped" };
    assert.deepEqual(trainingOf(walked), { ...skipped, reason: "pipeline.train is never" });
    const [{ Bucket, Key, Body }] = walked.calls.Record as { Bucket: string; Key: string; Body: Record<string, unknown> }[];
    assert.deepEqual([Bucket, Key.split("dt=")[0]], ["lake", "alice/crm_derived_restricted/t310_training_run/"]);
    assert.deepEqual([Body.rows, Body.users, Body.items, Body.decision], [1000, 25, 40, "skipped"]);
    assert.deepEqual([Body.rows_in, Body.bad_rows], [1002, 1]);
    const source = await walkPipeline({ train: "never", parts: PARTS.source });
    assert.deepEqual(Object.keys(source.calls.Record[0].Body as object), Object.keys(Body).slice(0, -2));
  });
});

describe("a weekly training", () => {
  const weekly = (versions: object[], more: Record<string, Respond> = {}) =>
    train(
      {
        ListRecentVersions: () => ({ SolutionVersions: versions }),
        ReadRecentVersion: () => version("ACTIVE", STARTED - DAY, { Name: "other-1" }),
        ...more,
      },
      true,
    );
  const made = (age: number, Status = "ACTIVE", SolutionVersionArn = "old") => ({
    SolutionVersionArn,
    Status,
    CreationDateTime: time(STARTED - age),
  });

  it("happens where no trained version is younger than 6.5 days", async () => {
    for (const versions of [[], [made(6.5 * DAY)], [made(DAY, "CREATE FAILED"), made(30 * DAY)]]) {
      const walked = await weekly(versions);
      assert.equal(walked.calls.Train.length, 1);
      assert.equal(trainingOf(walked).decision, "created");
    }
  });

  it("is skipped where there is a younger one, and a campaign without an accepted version is left as it is", async () => {
    const walked = await weekly([made(30 * DAY, "ACTIVE", "older"), made(6.4 * DAY)]);
    assert.deepEqual([walked.calls.Train, walked.calls.FindCampaign], [undefined, undefined]);
    assert.deepEqual(trainingOf(walked), {
      ...{ solutionVersionArn: "", metrics: {}, baseline: null, present: null },
      ...{ decision: "skipped", reason: "old is not a week old" },
    });
  });

  it("looks at every page of the versions", async () => {
    const pages = [{ SolutionVersions: [made(30 * DAY)], NextToken: "second" }, { SolutionVersions: [made(DAY, "ACTIVE", "young")] }];
    const walked = await weekly([], { ListRecentVersions: (_given, call) => pages[call] });
    assert.equal(trainingOf(walked).reason, "young is not a week old");
    assert.equal(walked.calls.ListRecentVersions[1].NextToken, "second");
  });

  it("of this very run is deployed", async () => {
    const walked = await weekly([made(DAY)], {
      ...kept,
      ReadRecentVersion: () => version("ACTIVE", STARTED - DAY, { Name: `${OWN}-1` }),
      FindCampaign: (given, call, now) =>
        call === 0
          ? { Campaign: { Status: "ACTIVE", SolutionVersionArn: "older", MinProvisionedTPS: 1, CreationDateTime: time(0) } }
          : { Campaign: { ...(RESPONSES.FindCampaign(given, call, now) as { Campaign: object }).Campaign, SolutionVersionArn: "old" } },
    });
    assert.deepEqual([walked.calls.Train, walked.calls.UpdateCampaign[0].SolutionVersionArn], [undefined, "old"]);
    assert.deepEqual([trainingOf(walked).solutionVersionArn, trainingOf(walked).decision], ["old", "updated"]);
  });

  it("happens again where this very run trained and was made again since", async () => {
    const walked = await weekly([made(DAY)], { ReadRecentVersion: () => version("ACTIVE", STARTED - DAY, { Name: `${OWN}-1` }) });
    assert.deepEqual([walked.calls.Train.length, trainingOf(walked).solutionVersionArn], [1, "new-version"]);
  });
});
