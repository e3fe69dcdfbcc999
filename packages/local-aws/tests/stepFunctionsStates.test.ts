import * as assert from "node:assert/strict";
import type { Json } from "../src/service";
import { StepFunctionsBench } from "../testing/stepFunctions";

describe("local Step Functions: states", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await StepFunctionsBench.open();
  });
  after(() => bench.close());

  const succeeds = async (states: Json, input: unknown, output: unknown): Promise<void> =>
    assert.deepEqual(await bench.run(states, input), { status: "SUCCEEDED", output });
  const fails = (states: Json, input: unknown, error: string, cause: RegExp): Promise<void> => bench.fails(states, error, cause, input);

  it("Pass passes its input on, or its output", async () => {
    const states = {
      First: { Type: "Pass", Comment: "nothing happens", Next: "Second" },
      Second: {
        Type: "Pass",
        Output: { twice: "{% $states.input.n * 2 %}", list: ["{% $states.input.n %}"], text: "no {% 1 %}" },
        End: true,
      },
    };
    await succeeds(states, { n: 4 }, { twice: 8, list: [4], text: "no {% 1 %}" });
  });

  it("assigns variables after the output, both from the old values", async () => {
    const states = {
      Begin: { Type: "Pass", Assign: { n: 1, list: "{% [1, 2] %}" }, Next: "Count" },
      Count: { Type: "Pass", Output: "{% $n %}", Assign: { n: "{% $n + 1 %}", before: "{% $n %}" }, Next: "Tell" },
      Tell: { Type: "Pass", Output: "{% {'count': $states.input, 'n': $n, 'before': $before, 'list': $list} %}", End: true },
    };
    await succeeds(states, {}, { count: 1, n: 2, before: 1, list: [1, 2] });
    const exited = (await bench.history()).filter(({ type }) => type === "PassStateExited").map((event) => event.stateExitedEventDetails);
    assert.deepEqual(exited[1], {
      name: "Count",
      output: "1",
      outputDetails: { truncated: false },
      assignedVariables: { n: "2", before: "1" },
      assignedVariablesDetails: { truncated: false },
    });
  });

  const choice = {
    Choose: {
      Type: "Choice",
      Choices: [
        { Condition: "{% $states.input.n > 10 %}", Output: "many", Assign: { rule: 1 }, Next: "End" },
        { Condition: "{% $states.input.n > 5 %}", Assign: { rule: 2 }, Next: "End" },
      ],
      Output: "{% 'few: ' & $states.input.n %}",
      Assign: { rule: 0 },
      Default: "End",
    },
    End: { Type: "Pass", Output: { rule: "{% $rule %}", input: "{% $states.input %}" }, End: true },
  };

  it("Choice takes the first rule that holds, with the rule's output and variables", async () => {
    await succeeds(choice, { n: 11 }, { rule: 1, input: "many" });
    await succeeds(choice, { n: 6 }, { rule: 2, input: { n: 6 } });
  });

  it("Choice takes Default, with its own output and variables", async () => {
    await succeeds(choice, { n: 5 }, { rule: 0, input: "few: 5" });
  });

  it("Choice fails when no rule holds and there is no Default, or a condition is no boolean", async () => {
    const of = (Condition: string): Json => ({
      Choose: { Type: "Choice", Choices: [{ Condition, Next: "End" }] },
      End: { Type: "Succeed" },
    });
    await fails(of("{% false %}"), {}, "States.NoChoiceMatched", /Choose/);
    await fails(of("{% 1 %}"), {}, "States.QueryEvaluationError", /'Choices\[0\]\/Condition' must be a boolean, got 1/);
  });

  it("Wait waits for seconds, given or computed, or until a time", async () => {
    const wait = (fields: Json): Json => ({ Wait: { Type: "Wait", Output: "{% 'waited' %}", ...fields, End: true } });
    for (const fields of [{ Seconds: 3 }, { Seconds: "{% $states.input.s %}" }, { Timestamp: "2026-01-31T02:15:00Z" }]) {
      await succeeds(wait(fields), { s: 2 }, "waited");
    }
    await fails(
      wait({ Seconds: "{% $states.input.s %}" }),
      { s: 1.5 },
      "States.QueryEvaluationError",
      /'Seconds' must be a whole number .* got 1\.5/,
    );
    await fails(wait({ Timestamp: "{% 'noon' %}" }), {}, "States.QueryEvaluationError", /'Timestamp' must be a time .* got "noon"/);
  });

  it("Succeed ends with its output", async () => {
    await succeeds({ Done: { Type: "Succeed", Output: { n: "{% $states.input.n %}" } } }, { n: 1 }, { n: 1 });
    await succeeds({ Done: { Type: "Succeed" } }, [1], [1]);
  });

  it("Fail ends with error and cause, computed or not", async () => {
    await fails({ No: { Type: "Fail", Error: "TooFew", Cause: "{% 'only ' & $states.input.n %}" } }, { n: 3 }, "TooFew", /^only 3$/);
    await fails({ No: { Type: "Fail", Error: "{% $states.input %}", Cause: "as told" } }, "Told", "Told", /^as told$/);
    assert.deepEqual(await bench.run({ No: { Type: "Fail" } }), { status: "FAILED" });
    await fails({ No: { Type: "Fail", Cause: "{% 1 %}" } }, {}, "States.QueryEvaluationError", /'Cause' must be a string, got 1/);
  });

  it("tells expressions of execution, state and machine", async () => {
    const { output } = await bench.run({ Tell: { Type: "Pass", Output: "{% $states.context %}", End: true } }, { a: 1 });
    const { Execution, State, StateMachine } = output as Record<string, Json>;
    const machine = String(StateMachine.Name);
    assert.deepEqual(
      { ...Execution, StartTime: typeof Execution.StartTime },
      {
        Id: `arn:aws:states:ap-southeast-1:123456789012:execution:${machine}:run`,
        Input: { a: 1 },
        Name: "run",
        RoleArn: "arn:aws:iam::123456789012:role/machine",
        StartTime: "string",
        RedriveCount: 0,
      },
    );
    assert.deepEqual({ ...State, EnteredTime: 0 }, { Name: "Tell", RetryCount: 0, EnteredTime: 0 });
    assert.match(`${String(Execution.StartTime)}${String(State.EnteredTime)}`, /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z){2}$/);
    assert.deepEqual(StateMachine, { Id: `arn:aws:states:ap-southeast-1:123456789012:stateMachine:${machine}`, Name: machine });
  });

  it("fails on an expression that gives nothing, and notes where", async () => {
    await fails(
      { No: { Type: "Pass", Output: { a: ["{% $states.input.b %}"] }, End: true } },
      {},
      "States.QueryEvaluationError",
      /undefined/,
    );
    const [entered, failed, ended] = (await bench.history()).slice(1);
    assert.equal(entered.type, "PassStateEntered");
    assert.deepEqual(failed.evaluationFailedEventDetails, {
      error: "States.QueryEvaluationError",
      cause: "The JSONata expression '$states.input.b' specified for the field 'Output/a[0]' returned nothing (undefined)",
      location: "Output/a[0]",
      state: "No",
    });
    assert.equal(ended.type, "ExecutionFailed");
  });

  it("fails on more than 256 KiB between states", async () => {
    const double = { Type: "Pass", Output: "{% $states.input & $states.input %}", End: true };
    await succeeds({ Double: double }, "x".repeat(131_071), "x".repeat(262_142));
    await fails({ Double: double }, "x".repeat(131_072), "States.DataLimitExceeded", /Output has 262146 bytes, more than the 262144/);
  });

  it("goes round a loop", async () => {
    const states = {
      Begin: { Type: "Pass", Assign: { turn: 0 }, Next: "Turn" },
      Turn: { Type: "Pass", Assign: { turn: "{% $turn + 1 %}" }, Next: "Again" },
      Again: { Type: "Choice", Choices: [{ Condition: "{% $turn < 20 %}", Next: "Wait" }], Default: "Done" },
      Wait: { Type: "Wait", Seconds: 1, Next: "Turn" },
      Done: { Type: "Succeed", Output: "{% $turn %}" },
    };
    await succeeds(states, {}, 20);
  });
});
