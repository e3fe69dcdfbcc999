import * as assert from "node:assert/strict";
import { pipelineDefinition } from "../../../components/pipeline/definition";
import { pipelinePolicy } from "../../../components/pipeline/policies";
import type { State } from "../../../components/pipeline/states";
import { list } from "@c360/local-aws";
import { aslProblems } from "@c360/local-aws/testing";
import { DEFINITION_ARGS, DEPLOYED, EXPORTERS, PARTS, TRAINED_ALONE } from "../../support/definitionArgs";

const ARGS = { ...DEFINITION_ARGS, defaultEventType: `it's "odd" \\ {% 1 %}` };

/** What each integration asks of the role: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html */
const ASKS: Record<string, string[]> = {
  "athena:startQueryExecution.sync": [
    ...["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution", "athena:GetDataCatalog"],
    ...["glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"],
    ...["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
  ],
  "athena:getQueryResults": ["athena:GetQueryResults", "s3:GetObject"],
  "lambda:invoke": ["lambda:InvokeFunction"],
  "aws-sdk:sfn:listExecutions": ["states:ListExecutions"],
  "aws-sdk:glue:getPartition": ["glue:GetPartition"],
  "aws-sdk:glue:createPartition": ["glue:CreatePartition"],
  "aws-sdk:glue:updatePartition": ["glue:UpdatePartition"],
  "glue:startJobRun.sync": ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
  "aws-sdk:s3:getObject": ["s3:GetObject"],
  "aws-sdk:s3:listObjectsV2": ["s3:ListBucket"],
  "aws-sdk:s3:deleteObjects": ["s3:DeleteObject"],
  "aws-sdk:s3:putObject": ["s3:PutObject"],
  "aws-sdk:personalize:createDatasetImportJob": ["personalize:CreateDatasetImportJob", "iam:PassRole"],
  ...Object.fromEntries(
    ["DescribeDatasetImportJob", "CreateSolution", "DescribeSolution", "CreateSolutionVersion", "DescribeSolutionVersion"]
      .concat(["ListSolutionVersions", "GetSolutionMetrics", "CreateCampaign", "DescribeCampaign", "UpdateCampaign"])
      .map((operation) => [`aws-sdk:personalize:${operation[0].toLowerCase()}${operation.slice(1)}`, [`personalize:${operation}`]]),
  ),
};
/** What the machine's own log and traces ask, which no state names. */
const BESIDES = /^(logs|xray):/;

type Task = State & { Resource: string; Catch: { ErrorEquals: string[]; Next: string }[] };
const isTask = (state: State): state is Task => state.Type === "Task";

/** Every way in which a CSV may be made, each with another way in which it is used. */
const USES = [
  { train: "afterExport", recommender: DEPLOYED },
  { train: "weekly", recommender: DEPLOYED },
  { train: "never", recommender: DEPLOYED },
  { train: "weekly", recommender: TRAINED_ALONE },
] as const;
const WAYS = Object.values(EXPORTERS).flatMap((exporter, i) =>
  Object.entries(PARTS).map(([from, parts], j) => {
    const use = USES[2 * i + j];
    const campaign = use.recommender.campaign ? "with" : "without";
    const name = `${exporter.engine} of a ${from}'s parts, training ${use.train} ${campaign} a campaign`;
    return { name, from, args: { ...ARGS, exporter, parts, ...use } };
  }),
);

for (const { name, from, args } of WAYS) {
  describe(`the pipeline's definition with the engine ${name}`, () => {
    const definition = pipelineDefinition(args);
    const { States } = definition;
    const tasks = Object.values(States).filter(isTask);
    const granted = pipelinePolicy({ ...args, stateMachine: "machine" }).Statement.flatMap(({ Action }) => list(Action));

    it("is valid Amazon States Language, and every state is reached", () => {
      assert.equal(aslProblems(definition), "");
      const reached = JSON.stringify(definition).match(/(?<="(?:StartAt|Next|Default)":")\w+/g);
      assert.deepEqual([...new Set(reached)].sort(), Object.keys(States).sort());
    });

    it("calls what its role may do, and its role may do no more", () => {
      const asked = tasks.flatMap(({ Resource }) => ASKS[Resource.replace("arn:aws:states:::", "")] ?? [`unknown ${Resource}`]);
      assert.deepEqual([...new Set(granted.filter((action) => !BESIDES.test(action)))].sort(), [...new Set(asked)].sort());
    });

    it("tells by which engine the CSV was made, and what was counted before", () => {
      const output = States.Done.Output as Record<string, unknown>;
      assert.equal(output.engine, args.exporter.engine);
      const common = ["engine", "export", "runDate", "runId", "runKey", "training"];
      const own = [...(from === "query" ? ["counts"] : []), ...(args.recommender.campaign ? ["campaignArn"] : [])];
      assert.deepEqual(Object.keys(output).sort(), [...own, ...common].sort());
    });

    it("passes on the role that Personalize reads with, and its role may pass no other", () => {
      const passed = tasks.flatMap(({ Arguments }) => (Arguments as { RoleArn?: string }).RoleArn ?? []);
      assert.deepEqual(passed, [args.recommender.roleArn]);
      const { Statement } = pipelinePolicy({ ...args, stateMachine: "machine" });
      const passing = Statement.filter(({ Action }) => list(Action).includes("iam:PassRole"));
      assert.deepEqual(
        passing.map(({ Resource }) => Resource),
        passed,
      );
    });

    it("bounds every wait: each task has a time, and the machine has one", () => {
      assert.deepEqual(
        tasks.filter((task) => !("TimeoutSeconds" in task)),
        [],
      );
      assert.equal(definition.TimeoutSeconds, (5 * 24 + 24) * 3600);
    });

    it("lets every task end in a Fail state that says what to do", () => {
      for (const { Resource, Catch } of tasks) {
        const last = Catch.at(-1);
        assert.deepEqual(last?.ErrorEquals, ["States.ALL"], Resource);
        assert.equal(States[last?.Next ?? ""]?.Type, "Fail", Resource);
      }
      for (const [state, { Type, Cause }] of Object.entries(States)) {
        if (Type === "Fail") assert.match(String(Cause), / - \S.*\.\\?"/, state);
      }
    });
  });
}

describe("the pipeline's definition", () => {
  const { States } = pipelineDefinition(ARGS);

  it("waits for its turn and for four jobs in fewer events than an execution may have, however long", () => {
    for (const [maxWaitHours, seconds] of [
      [1, 60],
      [24, 60],
      [25, 63],
      [72, 180],
    ]) {
      const { ListExecutions } = pipelineDefinition({ ...ARGS, maxWaitHours }).States;
      const { lockWaitSeconds } = ListExecutions.Assign as { lockWaitSeconds: number };
      assert.equal(lockWaitSeconds, seconds);
      let looks = 0;
      for (let waited = 0; waited < maxWaitHours * 3600; looks += 1) waited += Math.max(30, Math.floor(waited / 20));
      // A wait, a call and a choice: two, five and two events.
      assert.ok(((maxWaitHours * 3600) / lockWaitSeconds + 4 * looks) * 9 < 25_000 * 0.75, `${looks}`);
    }
  });

  it("stays far below the service's limits", () => {
    assert.ok(JSON.stringify(pipelineDefinition(ARGS)).length < 262_144);
    for (const { Arguments } of Object.values(States) as unknown as { Arguments?: { QueryString?: string } }[]) {
      assert.ok((Arguments?.QueryString ?? "").length < 65_536);
    }
  });
});
