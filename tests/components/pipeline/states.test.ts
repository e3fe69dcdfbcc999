import * as assert from "node:assert/strict";
import {
  athenaTask,
  choice,
  fail,
  catchTo,
  glueTask,
  jsonata,
  lambdaTask,
  queryResultTask,
  sdkTask,
} from "../../../components/pipeline/states";
import { evaluateExpressions } from "@c360/local-aws";

const STEP = { next: "Next", catch: [] };
const ANY_ERROR = ["States.TaskFailed", "States.Timeout"];
const AGAIN = { IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: "FULL" };
const ONCE_AGAIN = { ErrorEquals: ["States.Timeout"], ...AGAIN, MaxAttempts: 1 };

describe("a state", () => {
  it("runs a query once, even if its start is retried", () => {
    assert.deepEqual(athenaTask({ statement: jsonata("'SELECT 1'"), workgroup: "w", database: "d" }, { ...STEP, assign: { a: 1 } }), {
      Type: "Task",
      Resource: "arn:aws:states:::athena:startQueryExecution.sync",
      Arguments: {
        QueryString: "{% 'SELECT 1' %}",
        QueryExecutionContext: { Catalog: "AwsDataCatalog", Database: "d" },
        WorkGroup: "w",
        ClientRequestToken:
          "{% $hash($join([$states.context.Execution.Id, $string($states.context.Execution.RedriveCount), $states.context.State.Name]), 'SHA-256') %}",
      },
      TimeoutSeconds: 7200,
      Assign: { a: 1 },
      Retry: [{ ErrorEquals: ["Athena.TooManyRequestsException", "Athena.InternalServerException"], ...AGAIN }, ONCE_AGAIN],
      Catch: [],
      Next: "Next",
    });
  });

  it("reads a query's result", () => {
    assert.deepEqual(queryResultTask(jsonata("$id"), STEP), {
      Type: "Task",
      Resource: "arn:aws:states:::athena:getQueryResults",
      Arguments: { QueryExecutionId: "{% $id %}" },
      TimeoutSeconds: 60,
      Retry: [{ ErrorEquals: ANY_ERROR, ...AGAIN }],
      Catch: [],
      Next: "Next",
    });
  });

  it("retries an invocation when the service failed or gave no answer, not when the function failed", () => {
    assert.deepEqual(lambdaTask({ functionArn: "arn", payload: { a: 1 } }, { ...STEP, timeoutSeconds: 9 }), {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: { FunctionName: "arn", Payload: { a: 1 } },
      TimeoutSeconds: 9,
      Retry: [
        {
          ErrorEquals: [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
          ],
          ...AGAIN,
        },
        ONCE_AGAIN,
      ],
      Catch: [],
      Next: "Next",
    });
  });

  it("retries the start of a Glue job, and one that gave no answer, never a job that failed", () => {
    assert.deepEqual(glueTask({ jobName: "job", arguments: { "--a": "1" } }, { ...STEP, timeoutSeconds: 90 }), {
      Type: "Task",
      Resource: "arn:aws:states:::glue:startJobRun.sync",
      Arguments: { JobName: "job", Arguments: { "--a": "1" } },
      TimeoutSeconds: 90,
      Retry: [
        {
          ErrorEquals: ["Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"],
          ...{ IntervalSeconds: 60, BackoffRate: 1, MaxAttempts: 15 },
        },
        {
          ErrorEquals: [
            "Glue.InternalServiceException",
            "Glue.OperationTimeoutException",
            "Glue.SdkClientException",
            "Glue.ThrottlingException",
          ],
          ...AGAIN,
        },
        ONCE_AGAIN,
      ],
      Catch: [],
      Next: "Next",
    });
  });

  it("calls a service's operation", () => {
    const { Resource, Arguments, TimeoutSeconds } = sdkTask("glue:getTable", { Name: "t" }, STEP);
    const expected = { Resource: "arn:aws:states:::aws-sdk:glue:getTable", Arguments: { Name: "t" }, TimeoutSeconds: 60 };
    assert.deepEqual({ Resource, Arguments, TimeoutSeconds }, expected);
  });

  it("does not retry an error that a catcher names", () => {
    const { Retry } = sdkTask("glue:getTable", {}, { next: "N", catch: [catchTo("F", ["Glue.EntityNotFoundException"]), catchTo("G")] });
    assert.deepEqual(Retry, [
      { ErrorEquals: ["Glue.EntityNotFoundException"], MaxAttempts: 0 },
      { ErrorEquals: ANY_ERROR, ...AGAIN },
    ]);
  });

  it("chooses by the first matching rule", () => {
    assert.deepEqual(
      choice(
        [
          { when: "$a", next: "A", assign: { b: 1 } },
          { when: "$c", next: "C" },
        ],
        "D",
      ),
      {
        Type: "Choice",
        Choices: [
          { Condition: "{% $a %}", Assign: { b: 1 }, Next: "A" },
          { Condition: "{% $c %}", Next: "C" },
        ],
        Default: "D",
      },
    );
  });

  it("fails with the given error name, or else with the caught one", () => {
    assert.deepEqual(fail("do this.", "Named"), { Type: "Fail", Error: "Named", Cause: '{% $cause & " - do this." %}' });
    assert.equal(fail("do that.").Error, "{% $error %}");
    assert.deepEqual(
      [catchTo("F"), catchTo("G", ["E"])].map(({ ErrorEquals, Next }) => ({ ErrorEquals, Next })),
      [
        { ErrorEquals: ["States.ALL"], Next: "F" },
        { ErrorEquals: ["E"], Next: "G" },
      ],
    );
  });

  const FAILURES: [what: string, failure: { Error: string; Cause?: string }, kept: { error: string; cause: string }][] = [
    ["a text", { Error: "States.Timeout", Cause: "too late" }, { error: "States.Timeout", cause: "too late" }],
    ["a name alone", { Error: "States.Timeout" }, { error: "States.Timeout", cause: "States.Timeout" }],
    [
      "a function's error",
      { Error: "NoParts", Cause: '{"errorType":"NoParts","errorMessage":"\\"a\\" is empty","trace":[]}' },
      { error: "NoParts", cause: '"a" is empty' },
    ],
    [
      "a query's end",
      { Error: "States.TaskFailed", Cause: '{"Status":{"State":"FAILED","StateChangeReason":"no\\ntable"}}' },
      { error: "States.TaskFailed", cause: "no\ntable" },
    ],
    [
      "what a job raised",
      {
        Error: "States.TaskFailed",
        Cause: '{"Attempt":0,"ErrorMessage":"ExportError: BadRow: Part \\"s3://b/p\\": line 2: bad","JobName":"j"}',
      },
      { error: "BadRow", cause: 'Part "s3://b/p": line 2: bad' },
    ],
    [
      "what a job raised, after Glue's own words",
      { Error: "States.TaskFailed", Cause: '{"ErrorMessage":"Error Category: UNCLASSIFIED_ERROR; ExportError: NoParts: none"}' },
      { error: "NoParts", cause: "none" },
    ],
    [
      "a job's other end",
      { Error: "States.TaskFailed", Cause: '{"JobRunState":"FAILED","ErrorMessage":"MemoryError"}' },
      { error: "States.TaskFailed", cause: "MemoryError" },
    ],
  ];
  for (const [what, errorOutput, kept] of FAILURES) {
    it(`keeps the name and the readable message of ${what}`, async () => {
      assert.deepEqual(await evaluateExpressions(catchTo("F").Assign, "Assign", { states: { errorOutput } }), kept);
    });
  }
});
