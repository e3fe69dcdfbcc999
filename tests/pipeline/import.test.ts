import * as assert from "node:assert/strict";
import {
  DeleteDatasetCommand,
  DeleteDatasetGroupCommand,
  DescribeDatasetCommand,
  DescribeDatasetImportJobCommand,
  ListDatasetImportJobsCommand,
} from "@aws-sdk/client-personalize";
import { arnsOf } from "../../components/shared/tenantContext";
import { ServiceError } from "@c360/local-aws";
import { DEPLOYED } from "../support/definitionArgs";
import { historyFile, enoughRows, eventually } from "@c360/local-aws/testing";
import { CONTEXT } from "../support/pulumiMocks";
import { jobNameOf, RecommendingPipeline } from "../support/recommendingPipeline";

const CREATE = { service: "personalize", operation: "CreateDatasetImportJob" };
const refusal = (code: string, status = 400): ServiceError => new ServiceError(code, "not now", status);

describe("an import by the pipeline", () => {
  let world: RecommendingPipeline;
  let served: string | undefined;
  before(async () => {
    world = await RecommendingPipeline.open();
    const { status, cause, output } = await world.run("good");
    assert.equal(status, "SUCCEEDED", cause);
    served = output.training.solutionVersionArn;
  });
  after(() => world.close());

  const withoutTypes = historyFile(enoughRows()).replaceAll(/,[^,\n]*$/gm, "");
  const refused: [what: string, csv: string, names: RegExp][] = [
    ["lacks a column", withoutTypes, /EVENT_TYPE/],
    ["has a row less than 1000", historyFile(enoughRows(999)), /999/],
    ["has a text for a time", historyFile(enoughRows()).replace(/,\d{10},/, ",yesterday,"), /TIMESTAMP.*yesterday/s],
  ];
  for (const [what, csv, names] of refused) {
    it(`of a CSV that ${what} is refused by name; nothing is trained, the campaign is as it was`, async () => {
      await world.putCsv(csv);
      const { status, error, cause = "", states } = await world.run(what);
      assert.deepEqual([status, error], ["FAILED", "ImportFailed"]);
      assert.match(cause, names);
      assert.match(cause, / - The CSV is in place\. Nothing was trained, /);
      assert.ok(!states.includes("EnsureSolution"));
      assert.equal(await world.served(), served);
      assert.deepEqual(await world.versions(), [jobNameOf("good")]);
    });
  }

  it("that an earlier execution left failed is followed by another attempt", async () => {
    await world.putCsv();
    const { status, states } = await world.run(refused[0][0]);
    assert.equal(status, "SUCCEEDED");
    assert.deepEqual(
      states.filter((state) => ["Import", "NextImport"].includes(state)),
      ["Import", "NextImport", "Import"],
    );
    const jobs = [1, 2].map((attempt) => arnsOf(CONTEXT).importJob(jobNameOf(refused[0][0], attempt)));
    const described = jobs.map((datasetImportJobArn) =>
      world.pipeline.personalize.send(new DescribeDatasetImportJobCommand({ datasetImportJobArn })),
    );
    assert.deepEqual(
      (await Promise.all(described)).map(({ datasetImportJob }) => datasetImportJob?.status),
      ["CREATE FAILED", "ACTIVE"],
    );
  });

  it("is made once when it was asked for twice, by two executions or because an answer was lost", async () => {
    const lost = world.pipeline.fail({ ...CREATE, kind: "loseAnswer", to: 1 });
    const [first, second] = [await world.start("twice"), await world.start("twice")];
    const [one, two] = [await world.end(first), await world.end(second)];
    lost.remove();
    assert.deepEqual([one.status, two.status, lost.injected], ["SUCCEEDED", "SUCCEEDED", 1]);
    assert.deepEqual([one.output.training.decision, two.output.training.decision], ["updated", "kept"]);
    assert.equal(one.output.training.solutionVersionArn, two.output.training.solutionVersionArn);
    const { datasetImportJobs = [] } = await world.pipeline.personalize.send(new ListDatasetImportJobsCommand({}));
    assert.equal(datasetImportJobs.filter(({ jobName }) => jobName?.startsWith(jobNameOf("twice").slice(0, -1))).length, 1);
    assert.equal((await world.versions()).filter((name) => name.startsWith(jobNameOf("twice").slice(0, -1))).length, 1);
  });

  it("waits for room, and for what is busy", async () => {
    const full = world.pipeline.fail({ ...CREATE, kind: refusal("LimitExceededException"), to: 2 });
    const busy = world.pipeline.fail({ ...CREATE, kind: refusal("ResourceInUseException"), from: 3, to: 3 });
    const { status, states } = await world.run("full");
    assert.deepEqual([status, full.injected, busy.injected], ["SUCCEEDED", 2, 1]);
    assert.equal(states.filter((state) => state === "WaitForImportQuota").length, 3);
    for (const fault of [full, busy]) fault.remove();
  });

  it("does not wait for room for longer than it may", async () => {
    const full = world.pipeline.fail({ ...CREATE, kind: refusal("LimitExceededException") });
    const execution = await world.start("never");
    await eventually(() => assert.ok(full.injected > 0));
    world.pipeline.clock.jump(24 * 3_600_000);
    const { error, cause = "" } = await world.end(execution);
    full.remove();
    assert.equal(error, "ImportFailed");
    assert.match(cause, /^not now .* after 24 hours \(pipeline\.maxWaitHours\) - /);
  });
});

describe("an import into a dataset group that is being deleted", () => {
  it("says what is gone, and trains nothing", async () => {
    const { datasetArn, datasetGroupArn } = DEPLOYED;
    const world = await RecommendingPipeline.open();
    const { personalize } = world.pipeline;
    try {
      await personalize.send(new DeleteDatasetCommand({ datasetArn }));
      const isGone = { name: "ResourceNotFoundException" };
      await eventually(() => assert.rejects(personalize.send(new DescribeDatasetCommand({ datasetArn })), isGone));
      await personalize.send(new DeleteDatasetGroupCommand({ datasetGroupArn }));
      const { error, cause = "", states } = await world.run("late");
      assert.equal(error, "ImportFailed");
      assert.ok(cause.startsWith(`Resource with ARN ${datasetArn} does not exist`), cause);
      assert.ok(!states.includes("EnsureSolution"));
    } finally {
      await world.close();
    }
  });
});
