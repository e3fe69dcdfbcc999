import * as assert from "node:assert/strict";
import { type DefinitionArgs, pipelineDefinition } from "../../../components/pipeline/definition";
import { pipelinePolicy } from "../../../components/pipeline/policies";
import type { State } from "../../../components/pipeline/states";
import { list } from "@c360/local-aws";
import { aslProblems } from "@c360/local-aws/testing";
import { DEFINITION_ARGS, DEPLOYED, EXPORTERS, PARTS, TRAINED_ALONE, WITH_BASELINE } from "../../support/definitionArgs";
import { RESPONSES, walkPipeline } from "../../support/pipelineWalk";
import { type Respond, TaskError, walk } from "../../support/walk";

const ARGS = { ...DEFINITION_ARGS, defaultEventType: `it's "odd" \\ {% 1 %}` };

/** Actions that each integration needs: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html */
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
  // A key that is not there is a 404 only for who may list it.
  "aws-sdk:s3:getObject": ["s3:GetObject", "s3:ListBucket"],
  "aws-sdk:s3:listObjectsV2": ["s3:ListBucket"],
  "aws-sdk:s3:deleteObjects": ["s3:DeleteObject"],
  "aws-sdk:s3:putObject": ["s3:PutObject"],
  "aws-sdk:sns:publish": ["sns:Publish"],
  "aws-sdk:personalize:createDatasetImportJob": ["personalize:CreateDatasetImportJob", "iam:PassRole"],
  ...Object.fromEntries(
    ["DescribeDatasetImportJob", "CreateSolution", "DescribeSolution", "CreateSolutionVersion", "DescribeSolutionVersion"]
      .concat(["ListSolutionVersions", "GetSolutionMetrics", "CreateCampaign", "DescribeCampaign", "UpdateCampaign"])
      .map((operation) => [`aws-sdk:personalize:${operation[0].toLowerCase()}${operation.slice(1)}`, [`personalize:${operation}`]]),
  ),
};
/** Actions for log and traces, which belong to no state. */
const BESIDES = /^(logs|xray):/;

type Task = State & { Resource: string; Catch: { ErrorEquals: string[]; Next: string }[] };
const isTask = (state: State): state is Task => state.Type === "Task";

/** Each origin of the CSV is combined with another use of it. */
const USES = [
  { train: "afterExport", recommender: DEPLOYED },
  { train: "weekly", recommender: WITH_BASELINE },
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

    it("calls exactly what its role allows", () => {
      const asked = tasks.flatMap(({ Resource }) => ASKS[Resource.replace("arn:aws:states:::", "")] ?? [`unknown ${Resource}`]);
      assert.deepEqual([...new Set(granted.filter((action) => !BESIDES.test(action)))].sort(), [...new Set(asked)].sort());
    });

    it("outputs the engine and, for a query, the counts", () => {
      const output = States.Done.Output as Record<string, unknown>;
      assert.equal(output.engine, args.exporter.engine);
      const common = ["engine", "export", "runDate", "runId", "runKey", "training"];
      const own = [...(from === "query" ? ["counts"] : []), ...(args.recommender.campaign ? ["campaignArn"] : [])];
      assert.deepEqual(Object.keys(output).sort(), [...own, ...common].sort());
    });

    it("passes only the role with which Personalize reads", () => {
      const passed = tasks.flatMap(({ Arguments }) => (Arguments as { RoleArn?: string }).RoleArn ?? []);
      assert.deepEqual(passed, [args.recommender.roleArn]);
      const { Statement } = pipelinePolicy({ ...args, stateMachine: "machine" });
      const passing = Statement.filter(({ Action }) => list(Action).includes("iam:PassRole"));
      assert.deepEqual(
        passing.map(({ Resource }) => Resource),
        passed,
      );
    });

    it("limits every wait: each task and the state machine have a timeout", () => {
      assert.deepEqual(
        tasks.filter((task) => !("TimeoutSeconds" in task)),
        [],
      );
      assert.equal(definition.TimeoutSeconds, ((args.recommender.gate.baseline ? 7 : 5) * 24 + 24) * 3600);
    });

    it("leads every task to a Fail state that says what to do, but for a notice, which fails no run", () => {
      for (const { Resource, Catch } of tasks) {
        const last = Catch.at(-1);
        assert.deepEqual(last?.ErrorEquals, ["States.ALL"], Resource);
        if (last?.Next === "NoticeNotSent") continue;
        assert.equal(States[last?.Next ?? ""]?.Type, "Fail", Resource);
      }
      for (const [state, { Type, Cause }] of Object.entries(States)) {
        if (Type === "Fail") assert.match(String(Cause), / - \S.*\.\\?"/, state);
      }
    });
  });
}

/** The states of a run in which nothing was built, imported, trained or deployed before. */
const BEGIN = ["Prepare", "CheckInput", "ReadInput", "NameRun", "AcquireLock", "WaitForLock", "ListExecutions", "CheckLock"];
const BUILD = ["FindPartition", "DescribeHistory", "CheckDescribed", "BuildInteractions", "PublishPartition"];
const COUNT = ["CountInteractions", "ReadCounts", "CheckMinimum", "WriteParts"];
const JOIN = { lambda: ["Export", "CheckExport"], glue: ["Export", "ReadAnswer"] };
const IMPORT = ["BeginImport", "Import", "DescribeImport", "CheckImport"];
const SOLUTION = ["BeginSolution", "EnsureSolution", "DescribeSolution", "CheckSolution"];
const TRAIN = ["BeginTraining", "Train", "DescribeTraining", "CheckTraining", "ReadMetrics"];
const ACCEPT = ["CheckPresent", "AcceptFirst", "AcceptVersion"];
const GATE = ["BeginGate", "ReadAccepted", "FindServed", ...ACCEPT, "CheckAccepted"];
const BASELINE = [
  ...["BeginBaselineSolution", "EnsureBaselineSolution", "DescribeBaselineSolution", "CheckBaselineSolution"],
  ...["BeginBaselineTraining", "TrainBaseline", "DescribeBaselineTraining", "CheckBaselineTraining", "ReadBaselineMetrics", "BaselineGate"],
];
const DEPLOY = ["BeginDeployment", "FindCampaign", "CreateCampaign", "FindCampaign", "CheckCampaign", "CheckRefusal"];
const CLEAN = ["ListRuns", "FindSuperseded", "Done"];

const ORDERS: [what: string, args: Partial<DefinitionArgs>, states: string[]][] = [
  [
    "a query's parts, trained after the export",
    { train: "afterExport" },
    [...BEGIN, ...BUILD, ...COUNT, ...JOIN.lambda, ...IMPORT, ...SOLUTION, ...TRAIN, ...GATE, ...DEPLOY, "Record", ...CLEAN],
  ],
  [
    "a query's parts and a job, trained weekly without a campaign",
    { train: "weekly", exporter: EXPORTERS.glue, recommender: TRAINED_ALONE },
    [
      ...[...BEGIN, ...BUILD, ...COUNT, ...JOIN.glue, ...IMPORT, ...SOLUTION],
      ...["BeginWeekly", "ListRecentVersions", "CheckRecentVersions", ...TRAIN],
      ...["BeginGate", "ReadAccepted", ...ACCEPT, "LeaveCampaign", "CheckRefusal", "Record", ...CLEAN],
    ],
  ],
  [
    "a source's parts, never trained",
    { train: "never", parts: PARTS.source, recommender: TRAINED_ALONE },
    [...BEGIN, "NameExport", ...JOIN.lambda, ...IMPORT, "NoTraining", "Record", "Done"],
  ],
  [
    "a source's parts, never trained, with a campaign",
    { train: "never", parts: PARTS.source },
    [
      ...[...BEGIN, "NameExport", ...JOIN.lambda, ...IMPORT],
      ...["SkipTraining", "BeginGate", "ReadAccepted", "FindServed", "CheckAccepted", "LeaveCampaign", "Record", "Done"],
    ],
  ],
  [
    "a source's parts, trained beside a baseline",
    { train: "afterExport", parts: PARTS.source, recommender: WITH_BASELINE },
    [
      ...[...BEGIN, "NameExport", ...JOIN.lambda, ...IMPORT, ...SOLUTION, ...TRAIN, ...GATE.slice(0, 4), ...BASELINE],
      ...["AcceptVersion", "CheckAccepted", ...DEPLOY, "Record", "Done"],
    ],
  ],
  [
    "a source's parts and a job, trained after the export",
    { train: "afterExport", parts: PARTS.source, exporter: EXPORTERS.glue },
    [...BEGIN, "NameExport", ...JOIN.glue, ...IMPORT, ...SOLUTION, ...TRAIN, ...GATE, ...DEPLOY, "Record", "Done"],
  ],
];

/** The error in which a run ends, by the task that may not be called or always fails; undefined: the task's own error. */
const ENDS: Record<string, string | undefined> = {
  ...{ ListExecutions: "LockFailed", ListMoreExecutions: "LockFailed" },
  ...{ FindPartition: "CatalogFailed", PublishPartition: "CatalogFailed", ReplacePartition: "CatalogFailed" },
  ...{ DescribeHistory: "HistoryFailed", BuildInteractions: "BuildFailed" },
  ...{ CountInteractions: "CountFailed", ReadCounts: "CountFailed", WriteParts: "PartsFailed" },
  ...{ Export: undefined, ReadAnswer: undefined },
  ...{ Import: "ImportFailed", DescribeImport: "ImportFailed" },
  ...{ EnsureSolution: "TrainingFailed", DescribeSolution: "TrainingFailed", Train: "TrainingFailed", DescribeTraining: "TrainingFailed" },
  ...{ ListVersions: "TrainingFailed", ReadVersion: "TrainingFailed", ReadMetrics: "TrainingFailed" },
  ...{ ListRecentVersions: "TrainingFailed", ReadRecentVersion: "TrainingFailed" },
  ...{ EnsureBaselineSolution: "TrainingFailed", DescribeBaselineSolution: "TrainingFailed", TrainBaseline: "TrainingFailed" },
  ...{ DescribeBaselineTraining: "TrainingFailed", ListBaselineVersions: "TrainingFailed", ReadBaselineVersion: "TrainingFailed" },
  ...{ ReadBaselineMetrics: "TrainingFailed", ReadAccepted: "GateFailed", FindAccepted: "GateFailed", FindServed: "GateFailed" },
  ...{ ReadPresentMetrics: "GateFailed", AcceptVersion: "GateFailed" },
  ...{ FindCampaign: "DeploymentFailed", CreateCampaign: "DeploymentFailed", UpdateCampaign: "DeploymentFailed" },
  ...{ Record: "RecordFailed", ListRuns: "CleanUpFailed", ListSuperseded: "CleanUpFailed", RemoveSuperseded: "CleanUpFailed" },
};
/** Every variable that a task's arguments may use. */
const VARIABLES = {
  ...{ page: "next", runDate: "2026-01-31", runId: "a-1", runKey: "key", runHash: "0123456789ab", publishedRun: "", superseded: "" },
  ...{ countQuery: "query", parts: "s3://parts", answerKey: "key", acceptShrink: false },
  counts: { rowsIn: 1, badRows: 0, csv: { rows: 1, users: 1, items: 1, bytes: 1 } },
  ...{
    attempt: 1,
    versionArn: "version",
    baselineArn: "baseline",
    accepted: "version",
    served: "version",
    metrics: {},
    versions: ["version"],
    stale: "prefix",
    keys: ["key"],
    exported: { manifest: { rows: 1, users: 1, items: 1 } },
  },
  training: { solutionVersionArn: "version", metrics: {}, present: null, baseline: null, decision: "kept", reason: "none" },
};
const NOT_ALLOWED = "not authorized to perform: the call";

describe("the pipeline's definition", () => {
  const { States } = pipelineDefinition(ARGS);

  for (const [what, args, expected] of ORDERS) {
    it(`goes through the steps in their order, for ${what}`, async () => {
      const { states, error, cause } = await walkPipeline(args);
      assert.deepEqual([error, cause], [undefined, undefined]);
      assert.deepEqual(states, expected);
    });
  }

  it("ends in an error of its own, which says why and what to do, whatever call is not allowed", async () => {
    const definitions = WAYS.map(({ args }) => pipelineDefinition(args));
    const all = definitions.flatMap(({ States }) => Object.keys(States).filter((state) => isTask(States[state])));
    assert.deepEqual([...Object.keys(ENDS), "PublishNotice"].sort(), [...new Set(all)].sort());
    for (const [state, expected = "AccessDenied"] of Object.entries(ENDS)) {
      const { States } = definitions.find((one) => state in one.States) ?? assert.fail(state);
      const denied = () => {
        throw new TaskError("AccessDenied", NOT_ALLOWED);
      };
      const { error, cause = "" } = await walk({ StartAt: state, States }, { variables: VARIABLES, responses: { [state]: denied } });
      assert.equal(error, expected, state);
      assert.ok(cause.startsWith(`${NOT_ALLOWED} - `), cause);
      assert.match(cause, / - [A-Z].*\.$/);
    }
  });

  it("goes on after a transient error of any call", async () => {
    const transient: [RegExp, string][] = [
      [/:athena:startQueryExecution/, "Athena.TooManyRequestsException"],
      [/:lambda:/, "Lambda.TooManyRequestsException"],
      [/:glue:startJobRun/, "Glue.ThrottlingException"],
      [/:/, "Some.ThrottlingException"],
    ];
    for (const [, args, expected] of ORDERS) {
      const { States } = pipelineDefinition({ ...DEFINITION_ARGS, ...args });
      const failing = (state: string, respond: Respond): Respond => {
        const error = transient.find(([resource]) => resource.test(String(States[state]?.Resource)))?.[1] ?? "";
        let failed = false;
        let calls = 0;
        return (given, _call, now) => {
          if (!failed) {
            failed = true;
            throw new TaskError(error);
          }
          return respond(given, calls++, now);
        };
      };
      const responses = Object.fromEntries(Object.entries(RESPONSES).map(([state, respond]) => [state, failing(state, respond)]));
      const { states } = await walkPipeline(args, { responses });
      assert.deepEqual(states, expected);
    }
  });

  it("stays far below the service's limits", () => {
    assert.ok(JSON.stringify(pipelineDefinition(ARGS)).length < 262_144);
    for (const { Arguments } of Object.values(States) as unknown as { Arguments?: { QueryString?: string } }[]) {
      assert.ok((Arguments?.QueryString ?? "").length < 65_536);
    }
  });
});
