import * as assert from "node:assert/strict";
import { checkMachine } from "../src/stepFunctions/machine";
import type { Json } from "../src/service";
import { aslProblems } from "../testing/asl";
import { machineOf, StepFunctionsBench } from "../testing/stepFunctions";

const END = { Type: "Succeed" };
const TASK = { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", Arguments: { FunctionName: "f" }, End: true };
const check = (definition: Json, more: Json = {}): void => checkMachine({ name: "flow", definition: JSON.stringify(definition), ...more });
const refuses = (state: Json, rule: RegExp): void => assert.throws(() => check(machineOf({ A: state, Done: END })), rule);

describe("local Step Functions: definitions", () => {
  it("accepts every state and field that it knows, as the schema of the Amazon States Language does", () => {
    const retry = { IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 9, JitterStrategy: "FULL" };
    const outputs = { Assign: { x: "{% $states.input.a %}" }, Output: "{% $states.input %}" };
    const definition = machineOf(
      {
        A: { Type: "Pass", Comment: "the first", ...outputs, Next: "B" },
        B: {
          ...{ Type: "Task", Resource: TASK.Resource, Arguments: TASK.Arguments, TimeoutSeconds: 60, ...outputs, Next: "C" },
          Retry: [{ ErrorEquals: ["Lambda.TooManyRequestsException"], ...retry }, { ErrorEquals: ["States.ALL"] }],
          Catch: [{ ErrorEquals: ["States.ALL"], ...outputs, Next: "F" }],
        },
        C: { Type: "Choice", Choices: [{ Condition: "{% $x > 1 %}", ...outputs, Next: "D" }], ...outputs, Default: "E" },
        D: { Type: "Wait", Seconds: 1, ...outputs, Next: "E" },
        E: { Type: "Wait", Timestamp: "{% $now() %}", Next: "Done" },
        F: { Type: "Fail", Error: "Failed", Cause: "{% $x %}" },
        Done: { ...END, Output: "{% $x %}" },
      },
      { Comment: "all of it", TimeoutSeconds: 600 },
    );
    check(definition);
    assert.equal(aslProblems(definition), "");
  });

  it("refuses JSONPath", () => {
    assert.throws(
      () => check({ StartAt: "A", States: { A: END } }),
      /^Error: StateMachine "flow": definition: QueryLanguage must be JSONata in the local cloud, got JSONPath$/,
    );
    refuses(
      { Type: "Pass", QueryLanguage: "JSONPath", Next: "Done" },
      /QueryLanguage of the state A must be JSONata in the local cloud, got JSONPath/,
    );
  });

  it("refuses the states and fields that it does not know, by name", () => {
    refuses({ Type: "Map", Next: "Done" }, /Type of the state A must be one of .* in the local cloud, got Map/);
    refuses({ Type: "Parallel", Next: "Done" }, /got Parallel/);
    refuses({ Type: "Pass", ResultPath: "$.a", Next: "Done" }, /a field of the state A must be one of .* got ResultPath/);
    refuses({ ...TASK, HeartbeatSeconds: 5 }, /got HeartbeatSeconds/);
    refuses({ ...TASK, Credentials: {} }, /got Credentials/);
    refuses({ ...TASK, Retry: [{ ErrorEquals: ["A"], Wait: 1 }] }, /a field of Retry of the state A .* got Wait/);
    refuses(
      { ...TASK, Catch: [{ ErrorEquals: ["A"], Next: "Done", ResultPath: "$" }] },
      /a field of Catch of the state A .* got ResultPath/,
    );
    refuses(
      { Type: "Choice", Choices: [{ Condition: true, Next: "Done", Variable: "$.a" }] },
      /a field of Choices of the state A .* got Variable/,
    );
    assert.throws(() => check({ ...machineOf({ A: END }), ProcessorConfig: {} }), /a field must be one of .* got ProcessorConfig/);
  });

  it("refuses tasks that it does not know", () => {
    for (const name of ["lambda:invoke.waitForTaskToken", "sqs:sendMessage", "aws-sdk:dynamodb:getItem", "athena:listQueries"]) {
      const Resource = `arn:aws:states:::${name}`;
      refuses({ ...TASK, Resource }, new RegExp(`Resource of the state A: the local cloud does not know the task ${Resource}$`));
    }
  });

  it("refuses transitions that lead nowhere, and states that nothing leads to", () => {
    refuses({ Type: "Pass", Next: "Gone" }, /must be the name of a state, got Gone/);
    refuses({ Type: "Pass", End: true }, /every state must be reached from StartAt, got Done/);
    refuses({ Type: "Pass", Next: "Done", End: true }, /Next and End of the state A must be exactly one of them/);
    refuses({ Type: "Wait", Seconds: 1 }, /Next and End of the state A must be exactly one of them/);
    assert.throws(() => check({ ...machineOf({ A: END }), StartAt: "B" }), /StartAt must be the name of a state, got B/);
  });

  it("refuses values outside of what a field takes", () => {
    refuses({ Type: "Wait", Seconds: -1, Next: "Done" }, /Seconds of the state A must be a whole number from 0 to 99999999, got -1/);
    refuses({ Type: "Wait", Next: "Done" }, /Wait of the state A must be either Seconds or Timestamp/);
    refuses({ ...TASK, Catch: [{ ErrorEquals: ["A"] }] }, /Next of Catch of the state A must be the name of a state, got undefined/);
    refuses({ ...TASK, TimeoutSeconds: 0 }, /TimeoutSeconds of the state A must be a whole number from 1/);
    refuses({ ...TASK, Retry: [{ ErrorEquals: [] }] }, /ErrorEquals of the state A must be a list of at least one error name/);
    refuses(
      { ...TASK, Retry: [{ ErrorEquals: ["A"], BackoffRate: 0.5 }] },
      /BackoffRate of Retry of the state A must be a number of at least 1/,
    );
    refuses(
      { ...TASK, Retry: [{ ErrorEquals: ["A"], JitterStrategy: "SOME" }] },
      /JitterStrategy of Retry of the state A must be FULL or NONE/,
    );
    refuses({ ...TASK, Retry: [{ ErrorEquals: ["States.ALL", "A"] }] }, /States.ALL of the state A must be alone/);
    refuses(
      { ...TASK, Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["A"] }] },
      /States.ALL of the state A must be .* in the last entry/,
    );
    refuses({ Type: "Pass", Assign: { states: 1 }, Next: "Done" }, /Assign of the state A must be an object of variables: .* got states/);
  });

  it("refuses expressions that do not parse, unassigned variables and functions that do not exist", () => {
    const output = (text: string): Json => ({ Type: "Pass", Output: { a: `{% ${text} %}` }, Next: "Done" });
    refuses(output("1 +"), /an expression of the state A must be valid JSONata .* got \{% 1 \+ %\}/);
    refuses(output("$nobody + 1"), /\$nobody in the state A must be a variable that some state assigns/);
    refuses(output("$eval('1')"), /\$eval in the state A/);
    check(machineOf({ A: output("($f := function($x) { $x + 1 }; [1]@$v.($f($v)) ~> $sum)"), Done: END }));
  });

  it("refuses machines that it does not know", () => {
    const definition = machineOf({ A: END });
    assert.throws(
      () => check(definition, { type: "EXPRESS" }),
      /StateMachine "flow": type must be STANDARD in the local cloud, got EXPRESS/,
    );
    assert.throws(() => check(definition, { publish: true }), /publish must be false in the local cloud, got true/);
    assert.throws(() => check(definition, { name: "a b" }), /name must be 1 to 80/);
    assert.throws(() => check(definition, { loggingConfiguration: { level: "DEBUG" } }), /loggingConfiguration.level must be one of ALL/);
    assert.throws(() => checkMachine({ definition: "{" }), /^Error: StateMachine: definition must be JSON/);
    checkMachine({ name: "flow", type: "STANDARD", publish: false });
  });

  it("refuses a role that does not trust Step Functions, and a second machine of a name", async () => {
    const bench = await StepFunctionsBench.open();
    try {
      const assumeRolePolicy = {
        Version: "2012-10-17",
        Statement: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } },
      };
      await bench.create("aws:iam/role:Role", { name: "other", assumeRolePolicy });
      const inputs = { ...bench.inputs(machineOf({ A: END })), roleArn: "arn:aws:iam::123456789012:role/other" };
      await assert.rejects(bench.create("aws:sfn/stateMachine:StateMachine", inputs), /states.amazonaws.com may not assume/);
      await bench.deploy(machineOf({ A: END }));
      await assert.rejects(bench.deploy(machineOf({ A: END })), { name: "StateMachineAlreadyExists" });
    } finally {
      await bench.close();
    }
  });
});
