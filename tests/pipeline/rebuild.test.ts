import * as assert from "node:assert/strict";
import { ListDatasetImportJobsCommand } from "@aws-sdk/client-personalize";
import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import { enoughRows, eventually, historyFile } from "@c360/local-aws/testing";
import { DeployedPipeline, jobNameOf } from "../support/deployedPipeline";

const INPUT = { runDate: "2026-01-31", runKey: "again" };

describe("a run that is made again, by an execution that dies", function () {
  this.timeout(300_000);
  let pipeline: DeployedPipeline;
  before(async () => {
    pipeline = await DeployedPipeline.open({ train: "afterExport" });
    await pipeline.putHistory(historyFile(enoughRows(1000)));
  });
  after(() => pipeline.close());

  /** Names of the import jobs, in alphabetical order. */
  const imports = async (): Promise<string[]> => {
    const { datasetImportJobs = [] } = await pipeline.personalize.send(new ListDatasetImportJobsCommand({}));
    return datasetImportJobs.map(({ jobName = "" }) => jobName).sort();
  };
  const attempts = (count: number): string[] => Array.from({ length: count }, (_, i) => jobNameOf(INPUT.runKey, i + 1));

  /** Makes the run again, and stops the execution while a call waits. */
  async function dieAt(operation: string): Promise<void> {
    const hanging = pipeline.fail({ service: "personalize", operation, kind: "silence" });
    const executionArn = await pipeline.start({ ...INPUT, rebuild: true });
    await eventually(() => assert.ok(hanging.injected > 0));
    await pipeline.sfn.send(new StopExecutionCommand({ executionArn }));
    hanging.remove();
  }

  it("trains on what is there when it is started a third time, wherever the second died", async () => {
    const trained = [(await pipeline.run(INPUT)).output.training.solutionVersionArn];
    for (const [operation, rows] of [
      ["CreateDatasetImportJob", 1100],
      ["CreateSolutionVersion", 1200],
    ] as const) {
      await pipeline.putHistory(historyFile(enoughRows(rows)));
      await dieAt(operation);
      const { output, states, cause } = await pipeline.run(INPUT);
      assert.deepEqual([output.export.reason, states.includes("BuildInteractions")], ["sameRun", false], cause);
      assert.equal(output.counts.csv.rows, rows);
      trained.push(output.training.solutionVersionArn);
      assert.deepEqual([await imports(), await pipeline.versions()], [attempts(trained.length), attempts(trained.length)], operation);
    }
    assert.equal(new Set(trained).size, 3);
    const { output } = await pipeline.run(INPUT);
    assert.equal(output.training.solutionVersionArn, trained[2]);
    assert.deepEqual([await imports(), await pipeline.versions()], [attempts(3), attempts(3)]);
  });
});
