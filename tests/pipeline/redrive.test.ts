import * as assert from "node:assert/strict";
import { ListDatasetImportJobsCommand } from "@aws-sdk/client-personalize";
import { RedriveExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { eventually } from "@c360/local-aws/testing";
import { jobNameOf, RecommendingPipeline } from "../support/recommendingPipeline";

describe("an execution of the pipeline that is stopped and redriven", () => {
  let world: RecommendingPipeline;
  before(async () => (world = await RecommendingPipeline.open()));
  after(() => world.close());

  for (const operation of ["DescribeDatasetImportJob", "CreateSolutionVersion", "DescribeSolutionVersion", "UpdateCampaign"]) {
    it(`goes on with the same jobs from ${operation} on`, async () => {
      const { sfn, personalize } = world.pipeline;
      const hanging = world.pipeline.fail({ service: "personalize", operation, kind: "silence" });
      const executionArn = await world.start(operation);
      await eventually(() => assert.ok(hanging.injected > 0));
      await sfn.send(new StopExecutionCommand({ executionArn }));
      hanging.remove();
      await sfn.send(new RedriveExecutionCommand({ executionArn }));
      const { status, output } = await world.end(executionArn);
      assert.equal(status, "SUCCEEDED");
      assert.equal(await world.served(), output.training.solutionVersionArn);
      const ofRun = (names: (string | undefined)[]) => names.filter((name) => name?.startsWith(jobNameOf(operation).slice(0, -1)));
      const { datasetImportJobs = [] } = await personalize.send(new ListDatasetImportJobsCommand({}));
      assert.deepEqual(ofRun(datasetImportJobs.map(({ jobName }) => jobName)), [jobNameOf(operation)]);
      assert.deepEqual(ofRun(await world.versions()), [jobNameOf(operation)]);
    });
  }
});
