import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import type { PipelineOptions } from "../support/deployedPipeline";
import { CAMPAIGN, jobNameOf, RecommendingPipeline, SOLUTION } from "../support/recommendingPipeline";

const IMPORTED = ["BeginImport", "Import", "DescribeImport", "CheckImport"];
const CALLS = [
  ...["CreateDatasetImportJob", "DescribeDatasetImportJob", "CreateSolution", "DescribeSolution", "CreateSolutionVersion"],
  ...["DescribeSolutionVersion", "GetSolutionMetrics", "DescribeCampaign", "CreateCampaign"],
];
const DAY = 86_400_000;

describe("a training by the pipeline", () => {
  let world: RecommendingPipeline;
  /** Names of versions that are to fail. */
  const failing = new Set<string>();
  const fails = (kind: string, name: string) => (kind === "version" && failing.has(name) ? "out of luck" : undefined);
  const open = async (options: PipelineOptions = {}) => (world = await RecommendingPipeline.open({ personalize: { fails }, ...options }));
  afterEach(() => world.close());

  /** States in the order in which they were entered first. */
  const order = (states: string[]): string[] => [...new Set(states)].filter((state) => !state.startsWith("WaitFor"));

  it("comes after the import and before the campaign, though every call is throttled once and fails once", async () => {
    await open();
    const faults = CALLS.flatMap((operation) => [
      world.pipeline.fail({
        service: "personalize",
        operation,
        kind: new ServiceError("ThrottlingException", "Rate exceeded", 400),
        to: 1,
      }),
      world.pipeline.fail({
        ...{ service: "personalize", operation, kind: new ServiceError("InternalServerError", "try again", 500) },
        ...{ from: 2, to: 2 },
      }),
    ]);
    const { status, cause, output, states } = await world.run("first");
    assert.equal(status, "SUCCEEDED", cause);
    assert.deepEqual(
      faults.map(({ injected }) => injected),
      faults.map(() => 1),
    );
    assert.deepEqual(order(states), [
      ...IMPORTED,
      ...["BeginSolution", "EnsureSolution", "DescribeSolution", "CheckSolution"],
      ...["BeginTraining", "Train", "DescribeTraining", "CheckTraining", "ReadMetrics"],
      ...["BeginDeployment", "FindCampaign", "CreateCampaign", "CheckCampaign", "Record", "Done"],
    ]);
    const { solutionVersionArn, metrics, ...rest } = output.training;
    assert.match(solutionVersionArn, new RegExp(`^${SOLUTION}/[0-9a-f]{8}$`));
    assert.equal(await world.served(), solutionVersionArn);
    assert.equal(output.campaignArn, CAMPAIGN);
    assert.deepEqual(rest, { baseline: null, present: null, decision: "created", reason: "the run trained a solution version" });
    assert.equal(typeof metrics.normalized_discounted_cumulative_gain_at_25, "number");
  });

  it("that fails says why and leaves the campaign; the same run key trains again", async () => {
    await open();
    const served = (await world.run("good")).output.training.solutionVersionArn;
    failing.add(jobNameOf("bad"));
    const bad = await world.run("bad");
    assert.deepEqual([bad.status, bad.error], ["FAILED", "TrainingFailed"]);
    assert.match(bad.cause ?? "", /^out of luck - The CSV is imported, and the campaign is unchanged\./);
    assert.ok(!bad.states.includes("BeginDeployment"));
    assert.equal(await world.served(), served);

    const again = await world.run("bad");
    assert.deepEqual([again.status, again.output.training.decision], ["SUCCEEDED", "updated"]);
    assert.ok(
      order(again.states)
        .join()
        .includes("Train,ListVersions,NextVersion,ReadVersion,CheckVersion,DescribeTraining,CheckTraining,NextTraining"),
    );
    assert.deepEqual(await world.versions(), [jobNameOf("bad"), jobNameOf("bad", 2), jobNameOf("good")].sort());
    assert.equal(await world.served(), again.output.training.solutionVersionArn);
  });

  it("of this execution is found by its name when the answer was lost", async () => {
    await open();
    await world.run("before");
    const lost = world.pipeline.fail({ service: "personalize", operation: "CreateSolutionVersion", kind: "loseAnswer", to: 1 });
    const { status, states } = await world.run("lost");
    assert.deepEqual([status, lost.injected], ["SUCCEEDED", 1]);
    assert.ok(states.includes("CheckVersion"));
    assert.deepEqual(await world.versions(), [jobNameOf("before"), jobNameOf("lost")].sort());
  });

  it("comes once a week where that is wanted, and leaves the campaign in between", async () => {
    await open({ train: "weekly" });
    const first = await world.run("monday");
    assert.deepEqual([first.status, first.output.training.decision], ["SUCCEEDED", "created"]);
    world.pipeline.clock.jump(6 * DAY);
    const second = await world.run("sunday");
    const reason = `${first.output.training.solutionVersionArn} is not a week old`;
    assert.deepEqual(second.output.training, {
      ...{ solutionVersionArn: "", metrics: {}, baseline: null, present: null },
      ...{ decision: "skipped", reason },
    });
    assert.ok(second.states.includes("Import"));
    assert.deepEqual((await world.run("monday")).output.training.decision, "kept");
    world.pipeline.clock.jump(DAY);
    const third = await world.run("next monday");
    assert.deepEqual([third.output.training.decision, await world.served()], ["updated", third.output.training.solutionVersionArn]);
  });

  it("is kept where the campaign is off", async () => {
    await open({ campaign: false });
    const { status, output } = await world.run("alone");
    assert.deepEqual([status, output.training.decision, output.training.reason], ["SUCCEEDED", "kept", "the campaign is off"]);
    assert.match(output.training.solutionVersionArn, new RegExp(`^${SOLUTION}/`));
    assert.deepEqual([await world.served(), "campaignArn" in output], [undefined, false]);
  });
});
