import * as assert from "node:assert/strict";
import { ListDatasetImportJobsCommand } from "@aws-sdk/client-personalize";
import { RedriveExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { enoughRows, eventually, historyFile } from "@c360/local-aws/testing";
import { BUCKETS, DeployedPipeline, INPUT, jobNameOf, type Ran } from "../support/deployedPipeline";

const RUN_DAY = "2026-01-31";
/** Later than the runs, which therefore keep the CSV. */
const CSV_DAY = "2026-02-01";

describe("a run of the pipeline, from the CSV on", function () {
  this.timeout(300_000);
  let pipeline: DeployedPipeline;
  /** Kinds of resources whose creation or update fails. */
  const failing = new Set<string>();
  before(async () => {
    const fails = (kind: string) => (failing.has(kind) ? "no capacity" : undefined);
    const settings = { source: { prefix: "crm/interactions/" }, train: "afterExport", campaign: true } as const;
    pipeline = await DeployedPipeline.open({ ...settings, callSeconds: 3, personalize: { fails } });
  });
  beforeEach(() => failing.clear());
  after(() => pipeline.close());

  /** Puts a CSV that the runs import. */
  async function putCsv(text: string): Promise<void> {
    const figures = { rows: "1000", users: "25", items: "40", bytes: String(text.length) };
    const metadata = { runid: "of-the-test", rundate: CSV_DAY, columns: "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", ...figures };
    await pipeline.put(BUCKETS.downstream, INPUT, text, metadata);
  }
  const run = (runKey: string): Promise<Ran> => pipeline.run({ runDate: RUN_DAY, runKey });

  it("fails where Personalize refuses the CSV, by name; the same run key makes another attempt", async () => {
    await putCsv(historyFile(enoughRows()).replace(/,\d{10},/, ",yesterday,"));
    const failed = await run("refused");
    assert.equal(failed.error, "ImportFailed");
    assert.match(
      failed.cause ?? "",
      /TIMESTAMP.*yesterday.* - The CSV is in place\. Nothing was trained, and the campaign is unchanged\. /s,
    );
    assert.deepEqual([await pipeline.served(), failed.states.includes("EnsureSolution")], [undefined, false]);

    await putCsv(historyFile(enoughRows()));
    const again = await run("refused");
    assert.deepEqual([again.status, again.output.training.decision], ["SUCCEEDED", "created"]);
    assert.deepEqual(
      again.states.filter((state) => ["Import", "NextImport"].includes(state)),
      ["Import", "NextImport", "Import"],
    );
    assert.equal(await pipeline.served(), again.output.training.solutionVersionArn);
  });

  it("whose deployment fails leaves the old version serving; the same run key deploys the version that is there", async () => {
    const served = await pipeline.served();
    failing.add("campaignUpdate");
    const failed = await run("second");
    assert.equal(failed.error, "DeploymentFailed");
    assert.ok(
      failed.cause?.startsWith(`no capacity; the campaign still serves ${served} - The solution version is trained. `),
      failed.cause,
    );
    assert.equal(await pipeline.served(), served);

    failing.clear();
    const again = await run("second");
    assert.deepEqual([again.status, again.output.training.decision], ["SUCCEEDED", "updated"]);
    assert.equal(await pipeline.served(), again.output.training.solutionVersionArn);
    assert.deepEqual(await pipeline.versions(), [jobNameOf("refused"), jobNameOf("second")].sort());
  });

  it("repeats calls that hang until their timeout, and makes everything once", async () => {
    const hanging = ["CreateDatasetImportJob", "CreateSolutionVersion", "DescribeSolutionVersion"].map((operation) =>
      pipeline.fail({ service: "personalize", operation, kind: "silence", to: 1 }),
    );
    const { status, cause, states } = await run("hanging");
    assert.deepEqual(
      [status, hanging.map(({ injected }) => injected), states.filter((state) => /^Next/.test(state))],
      ["SUCCEEDED", [1, 1, 1], []],
      cause,
    );
    assert.ok((await pipeline.versions()).includes(jobNameOf("hanging")));
  });

  it("goes on with the same jobs when it is stopped and redriven, whatever it was doing", async () => {
    const { sfn, personalize } = pipeline;
    const executionArn = await pipeline.start({ runDate: RUN_DAY, runKey: "redriven" });
    for (const operation of [
      "DescribeDatasetImportJob",
      "CreateSolutionVersion",
      "DescribeSolutionVersion",
      "GetSolutionMetrics",
      "DescribeCampaign",
      "UpdateCampaign",
    ]) {
      const hanging = pipeline.fail({ service: "personalize", operation, kind: "silence" });
      if (operation !== "DescribeDatasetImportJob") await sfn.send(new RedriveExecutionCommand({ executionArn }));
      await eventually(() => assert.ok(hanging.injected > 0));
      await sfn.send(new StopExecutionCommand({ executionArn }));
      hanging.remove();
    }
    await sfn.send(new RedriveExecutionCommand({ executionArn }));
    const { status, output } = await pipeline.end(executionArn);
    assert.deepEqual([status, output.training.decision], ["SUCCEEDED", "updated"]);
    assert.equal(await pipeline.served(), output.training.solutionVersionArn);
    const ofRun = (names: (string | undefined)[]) => names.filter((name) => name?.startsWith(jobNameOf("redriven").slice(0, -1)));
    const { datasetImportJobs = [] } = await personalize.send(new ListDatasetImportJobsCommand({}));
    assert.deepEqual(ofRun(datasetImportJobs.map(({ jobName }) => jobName)), [jobNameOf("redriven")]);
    assert.deepEqual(ofRun(await pipeline.versions()), [jobNameOf("redriven")]);
  });
});
