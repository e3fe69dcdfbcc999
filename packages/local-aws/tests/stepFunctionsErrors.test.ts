import * as assert from "node:assert/strict";
import type { FaultKind } from "../src/http/faults";
import { ServiceError, type Json } from "../src/service";
import { catcherOf, Retries } from "../src/stepFunctions/retry";
import { StepFunctionsBench } from "../testing/stepFunctions";

const LIST = "arn:aws:states:::aws-sdk:sfn:listStateMachines";
const CONFLICT = new ServiceError("ConflictException", "busy");
const CAUGHT = { Type: "Pass", Output: { input: "{% $states.input %}", error: "{% $error %}" }, End: true };

/** A task that lists state machines, with what `Retry` and `Catch` say. */
const list = (more: Json): Json => ({
  List: { Type: "Task", Resource: LIST, Arguments: {}, Output: "{% 'listed' %}", End: true, ...more },
});

describe("local Step Functions: Retry and Catch", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await StepFunctionsBench.open();
    await bench.allow({ Effect: "Allow", Action: "states:ListStateMachines", Resource: "*" });
  });
  after(() => bench.close());
  afterEach(() => bench.running.faults.clear());

  /** Lets calls fail, from the first to the one with this number. */
  const fail = (kind: FaultKind, to = Infinity) =>
    bench.running.faults.inject({ service: "states", operation: "ListStateMachines", kind, to });

  it("tries again as often as the first retrier that matches says", async () => {
    const fault = fail(CONFLICT);
    const Retry = [
      { ErrorEquals: ["Sfn.InvalidArnException"], MaxAttempts: 9 },
      {
        ErrorEquals: ["Sfn.ConflictException"],
        IntervalSeconds: 2,
        MaxAttempts: 2,
        BackoffRate: 3,
        MaxDelaySeconds: 5,
        JitterStrategy: "FULL",
      },
      { ErrorEquals: ["States.ALL"], MaxAttempts: 9 },
    ];
    const { status, error, cause } = await bench.run(list({ Retry }));
    assert.deepEqual({ status, error, injected: fault.injected }, { status: "FAILED", error: "Sfn.ConflictException", injected: 3 });
    assert.match(String(cause), /^busy \(Service: Sfn, Status Code: 400, Error Code: ConflictException, Request ID: [\w-]{36}\)$/);
    const again = ["TaskScheduled", "TaskStarted", "TaskFailed"];
    assert.deepEqual(await bench.types(), ["ExecutionStarted", "TaskStateEntered", ...again, ...again, ...again, "ExecutionFailed"]);
  });

  it("goes on as if nothing had been when an attempt succeeds", async () => {
    fail(CONFLICT, 3);
    const Output = "{% $states.context.State.RetryCount %}";
    assert.deepEqual(await bench.run(list({ Retry: [{ ErrorEquals: ["States.TaskFailed"] }], Output })), {
      status: "SUCCEEDED",
      output: 3,
    });
  });

  it("counts the attempts of each retrier on its own", async () => {
    fail(CONFLICT, 1);
    fail(new ServiceError("ExecutionLimitExceeded", "full"), 2);
    const Retry = ["Sfn.ConflictException", "Sfn.ExecutionLimitExceededException"].map((error) => ({
      ErrorEquals: [error],
      MaxAttempts: 1,
    }));
    assert.deepEqual(await bench.run(list({ Retry })), { status: "SUCCEEDED", output: "listed" });
  });

  it("retries before it catches", async () => {
    const fault = fail(CONFLICT);
    const Retry = [{ ErrorEquals: ["States.ALL"], MaxAttempts: 1 }];
    const Catch = [{ ErrorEquals: ["States.ALL"], Assign: { error: "caught" }, Next: "Caught" }];
    const { output } = await bench.run({ ...list({ Retry, Catch }), Caught: CAUGHT });
    assert.deepEqual([(output as Json).error, fault.injected], ["caught", 2]);
  });

  it("takes the first catcher that matches, with its output and variables", async () => {
    fail(CONFLICT);
    const Catch = [
      { ErrorEquals: ["Sfn.InvalidArnException"], Assign: { error: "no" }, Next: "Caught" },
      {
        ErrorEquals: ["Sfn.ConflictException"],
        Output: { was: "{% $states.input %}" },
        Assign: { error: "{% $states.errorOutput.Error %}" },
        Next: "Caught",
      },
      { ErrorEquals: ["States.ALL"], Assign: { error: "no" }, Next: "Caught" },
    ];
    const { output } = await bench.run({ ...list({ Catch, Assign: { error: "never" } }), Caught: CAUGHT }, { a: 1 });
    assert.deepEqual(output, { input: { was: { a: 1 } }, error: "Sfn.ConflictException" });
  });

  it("gives the error itself to the next state when a catcher has no output", async () => {
    fail(CONFLICT);
    const Catch = [{ ErrorEquals: ["States.TaskFailed"], Assign: { error: 1 }, Next: "Caught" }];
    const { output } = await bench.run({ ...list({ Catch }), Caught: CAUGHT });
    const { Error: error, Cause } = (output as Json).input as Json;
    assert.equal(error, "Sfn.ConflictException");
    assert.match(String(Cause), /^busy /);
    assert.deepEqual((await bench.types()).slice(-5), [
      "TaskFailed",
      "TaskStateExited",
      "PassStateEntered",
      "PassStateExited",
      "ExecutionSucceeded",
    ]);
  });

  it("catches failed evaluations of a task's fields", async () => {
    const Catch = [{ ErrorEquals: ["States.QueryEvaluationError"], Assign: { error: "{% $states.errorOutput.Error %}" }, Next: "Caught" }];
    for (const field of [{ Arguments: { MaxResults: "{% $states.input.none %}" } }, { Output: "{% $states.result.none %}" }]) {
      const { output } = await bench.run({ ...list({ ...field, Catch }), Caught: CAUGHT });
      assert.equal((output as Json).error, "States.QueryEvaluationError");
    }
  });

  it("fails when a catcher's own fields fail", async () => {
    fail(CONFLICT);
    const Catch = [{ ErrorEquals: ["States.ALL"], Assign: { error: "{% $states.result %}" }, Next: "Caught" }];
    const { status, error } = await bench.run({ ...list({ Catch }), Caught: CAUGHT });
    assert.deepEqual({ status, error }, { status: "FAILED", error: "States.QueryEvaluationError" });
  });

  it("names a broken connection as the SDK does", async () => {
    fail("disconnect");
    assert.equal((await bench.run(list({}))).error, "Sfn.SdkClientException");
  });

  it("names errors that the API does not describe after the service", async () => {
    fail(new ServiceError("ThrottlingException", "slow down"));
    assert.equal((await bench.run(list({}))).error, "Sfn.SfnException");
  });

  it("ends on what the local cloud does not know, whatever would catch it", async () => {
    const Catch = [{ ErrorEquals: ["States.ALL"], Assign: { error: 1 }, Next: "Caught" }];
    const unknown = await bench.run({ ...list({ Arguments: { Color: "red" }, Catch }), Caught: CAUGHT });
    const cause = "the local states does not know the member color of ListStateMachines";
    assert.deepEqual(unknown, { status: "FAILED", error: "States.Runtime", cause });
    const lower = await bench.run({ ...list({ Arguments: { maxResults: 1 }, Catch }), Caught: CAUGHT });
    assert.equal(lower.cause, "The field 'maxResults' is not supported by Step Functions");
  });

  it("times a task out, and catches that as States.Timeout alone", async () => {
    fail("silence");
    const to = (name: string, error: string) => ({ ErrorEquals: [name], Assign: { error }, Next: "Caught" });
    const Catch = [to("States.TaskFailed", "wrong"), to("States.Timeout", "timeout")];
    const { output } = await bench.run({ ...list({ TimeoutSeconds: 1, Catch }), Caught: CAUGHT });
    assert.deepEqual(output, { input: { Error: "States.Timeout" }, error: "timeout" });
    const [scheduled, , timedOut] = (await bench.history()).slice(2);
    assert.equal(scheduled.taskScheduledEventDetails?.timeoutInSeconds, 1);
    assert.deepEqual([timedOut.type, timedOut.taskTimedOutEventDetails?.error], ["TaskTimedOut", "States.Timeout"]);
  });

  it("times the machine out", async () => {
    const states = { Wait: { Type: "Wait", Seconds: 9_999_999, End: true } };
    assert.deepEqual(await bench.run(states, {}, { TimeoutSeconds: 1 }), { status: "TIMED_OUT", error: "States.Timeout" });
    assert.equal((await bench.types()).at(-1), "ExecutionTimedOut");
  });
});

describe("local Step Functions: delays and wildcards", () => {
  const delays = (retrier: Json, count: number, random = 0.5): (number | undefined)[] => {
    const retries = new Retries([{ ErrorEquals: ["A"], ...retrier }], () => random);
    return Array.from({ length: count }, () => retries.delay("A"));
  };

  it("has the documented defaults", () => assert.deepEqual(delays({}, 4), [1000, 2000, 4000, undefined]));

  it("grows by BackoffRate up to MaxDelaySeconds", () =>
    assert.deepEqual(delays({ IntervalSeconds: 3, BackoffRate: 1.5, MaxAttempts: 4, MaxDelaySeconds: 6 }, 5), [
      3000,
      4500,
      6000,
      6000,
      undefined,
    ]));

  it("takes a part of the delay with full jitter", () => assert.deepEqual(delays({ JitterStrategy: "FULL" }, 2, 0.25), [250, 500]));

  it("never tries when MaxAttempts is 0, or for another error", () => {
    assert.deepEqual(delays({ MaxAttempts: 0 }, 1), [undefined]);
    assert.equal(new Retries([{ ErrorEquals: ["B"] }]).delay("A"), undefined);
  });

  it("matches wildcards as documented", () => {
    const taken = (name: string, error: string): boolean => catcherOf([{ ErrorEquals: [name], Next: "X" }], error) !== undefined;
    const errors = [
      "A",
      "States.Timeout",
      "States.Permissions",
      "States.QueryEvaluationError",
      "States.DataLimitExceeded",
      "States.Runtime",
    ];
    assert.deepEqual(
      errors.filter((error) => taken("States.ALL", error)),
      errors.slice(0, 4),
    );
    assert.deepEqual(
      errors.filter((error) => taken("States.TaskFailed", error)),
      ["A", "States.Permissions", "States.QueryEvaluationError"],
    );
    assert.deepEqual(
      errors.filter((error) => taken(error, error)),
      errors.slice(0, 5),
    );
  });
});
