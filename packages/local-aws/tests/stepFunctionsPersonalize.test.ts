import * as assert from "node:assert/strict";
import { cloudControl } from "../src/cloudControl";
import { makePersonalize } from "../src/personalize";
import type { Json } from "../src/service";
import { makeRecommender } from "../testing/personalize";
import { may, StepFunctionsBench, taskOf } from "../testing/stepFunctions";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

describe("local Step Functions: aws-sdk:personalize", () => {
  let bench: StepFunctionsBench;
  let datasetArn: string;
  before(async () => {
    bench = await StepFunctionsBench.open({ services: [cloudControl, makePersonalize()] });
    ({ datasetArn } = await makeRecommender(bench.running.cloud));
    await bench.allow(may(["personalize:DescribeDataset"]));
  });
  after(() => bench.close());

  const call = (action: string, input: Json): Json => taskOf(`aws-sdk:personalize:${action}`, input);

  it("takes and gives members in PascalCase, dates as ISO texts", async () => {
    const { Dataset } = (await bench.run(call("describeDataset", { DatasetArn: datasetArn }))).output as { Dataset: Json };
    assert.deepEqual([Dataset.DatasetArn, Dataset.Status, Dataset.DatasetType], [datasetArn, "ACTIVE", "Interactions"]);
    assert.match(String(Dataset.CreationDateTime), ISO);
  });

  it("names the service's errors, and refuses other members", async () => {
    const none = `${datasetArn}-none`;
    const missing = /none does not exist.*Service: Personalize, Status Code: 400, Error Code: ResourceNotFoundException/;
    await bench.fails(call("describeDataset", { DatasetArn: none }), "Personalize.ResourceNotFoundException", missing);
    await bench.fails(call("describeDataset", { DatasetArn: datasetArn, Odd: 1 }), "States.Runtime", /odd/);
    await bench.fails(call("describeDataset", { datasetArn }), "States.Runtime", /field 'datasetArn'/);
    await bench.fails(call("describeSolution", { SolutionArn: none }), "Personalize.PersonalizeException", /personalize:DescribeSolution/);
  });
});
