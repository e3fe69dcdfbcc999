import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import * as assert from "node:assert/strict";
import { machineOf, StepFunctionsBench } from "../testing/stepFunctions";
import { ManualClock } from "../testing/manualClock";

const LOOP = machineOf({ Wait: { Type: "Wait", Seconds: 3600, Next: "Done" }, Done: { Type: "Succeed" } });
const ECHO = machineOf({ Echo: { Type: "Pass", End: true } });
const PREFIX = "arn:aws:states:ap-southeast-1:123456789012";

describe("local Step Functions: executions", () => {
  let bench: StepFunctionsBench;
  let echo: string;
  let loop: string;
  beforeEach(async () => {
    bench = await StepFunctionsBench.open({ clock: new ManualClock() });
    echo = await bench.deploy(ECHO, "echo");
    loop = await bench.deploy(LOOP, "loop");
  });
  afterEach(() => bench.close());

  const list = async (stateMachineArn: string, more: object = {}) => {
    const { executions = [], nextToken } = await bench.sfn.send(new ListExecutionsCommand({ stateMachineArn, ...more }));
    return { names: executions.map(({ name }) => name), executions, nextToken };
  };

  it("describes an execution", async () => {
    const executionArn = await bench.start(echo, { a: 1 }, "one");
    assert.equal(executionArn, `${PREFIX}:execution:echo:one`);
    const { $metadata, ...described } = await bench.sfn.send(
      new DescribeExecutionCommand(await bench.ended(executionArn).then(() => ({ executionArn }))),
    );
    const at = new Date("2026-01-31T12:00:00Z");
    assert.equal($metadata.httpStatusCode, 200);
    assert.deepEqual(described, {
      executionArn,
      stateMachineArn: `${PREFIX}:stateMachine:echo`,
      name: "one",
      status: "SUCCEEDED",
      startDate: at,
      stopDate: at,
      input: '{"a":1}',
      inputDetails: { included: true },
      output: '{"a":1}',
      outputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
    });
  });

  it("writes the history of a small machine", async () => {
    const executionArn = await bench.start(echo, { a: 1 }, "one");
    await bench.ended(executionArn);
    const timestamp = new Date("2026-01-31T12:00:00Z");
    const input = { input: '{"a":1}', inputDetails: { truncated: false } };
    const output = { output: '{"a":1}', outputDetails: { truncated: false } };
    const started = { ...input, roleArn: "arn:aws:iam::123456789012:role/machine" };
    const expected: HistoryEvent[] = [
      { id: 1, previousEventId: 0, timestamp, type: "ExecutionStarted", executionStartedEventDetails: started },
      { id: 2, previousEventId: 0, timestamp, type: "PassStateEntered", stateEnteredEventDetails: { name: "Echo", ...input } },
      { id: 3, previousEventId: 2, timestamp, type: "PassStateExited", stateExitedEventDetails: { name: "Echo", ...output } },
      { id: 4, previousEventId: 3, timestamp, type: "ExecutionSucceeded", executionSucceededEventDetails: output },
    ];
    assert.deepEqual(await bench.history(executionArn), expected);
    const { events = [] } = await bench.sfn.send(
      new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false, reverseOrder: true }),
    );
    assert.deepEqual(
      events.map(({ stateEnteredEventDetails, stateExitedEventDetails }) => stateEnteredEventDetails ?? stateExitedEventDetails),
      [undefined, { name: "Echo" }, { name: "Echo" }, undefined],
    );
  });

  it("returns the history in pages, in both orders", async () => {
    const executionArn = await bench.start(echo);
    await bench.ended(executionArn);
    const pages = async (reverseOrder: boolean): Promise<(number | undefined)[][]> => {
      const found = [];
      for (let nextToken: string | undefined, more = true; more; more = nextToken !== undefined) {
        const page = await bench.sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 3, reverseOrder, nextToken }));
        found.push((page.events ?? []).map(({ id }) => id));
        nextToken = page.nextToken;
      }
      return found;
    };
    assert.deepEqual(await pages(false), [[1, 2, 3], [4]]);
    assert.deepEqual(await pages(true), [[4, 3, 2], [1]]);
    await assert.rejects(bench.sfn.send(new GetExecutionHistoryCommand({ executionArn, nextToken: "x" })), { name: "InvalidToken" });
  });

  it("starts one execution a name", async () => {
    const first = await bench.sfn.send(new StartExecutionCommand({ stateMachineArn: loop, name: "a", input: "{}" }));
    const again = await bench.sfn.send(new StartExecutionCommand({ stateMachineArn: loop, name: "a", input: "{}" }));
    assert.deepEqual([again.executionArn, again.startDate], [first.executionArn, first.startDate]);
    await assert.rejects(bench.start(loop, { other: 1 }, "a"), { name: "ExecutionAlreadyExists" });
    await bench.sfn.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    await assert.rejects(bench.start(loop, {}, "a"), { name: "ExecutionAlreadyExists" });
    assert.deepEqual((await list(loop)).names, ["a"]);
  });

  it("names an execution that has no name", async () => {
    assert.match(await bench.start(loop), new RegExp(`^${PREFIX}:execution:loop:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`));
  });

  it("refuses illegal names, inputs and ARNs", async () => {
    for (const name of ["a b", "a:b", "a/b", "2026-01-31T02:15:00Z", "x".repeat(81)]) {
      await assert.rejects(bench.start(loop, {}, name), { name: "InvalidName" });
    }
    const input = (text: string) => bench.sfn.send(new StartExecutionCommand({ stateMachineArn: loop, input: text }));
    await assert.rejects(input("{"), { name: "InvalidExecutionInput" });
    await assert.rejects(input(JSON.stringify("x".repeat(262_143))), { name: "InvalidExecutionInput" });
    await assert.rejects(bench.start("loop"), { name: "InvalidArn" });
    await assert.rejects(bench.start(`${loop}2`), { name: "StateMachineDoesNotExist" });
    const executionArn = `${PREFIX}:execution:loop:none`;
    await assert.rejects(bench.sfn.send(new DescribeExecutionCommand({ executionArn })), { name: "ExecutionDoesNotExist" });
  });

  it("lists the newest first, by status, in pages that new ones do not disturb", async () => {
    for (const name of ["a", "b", "c", "d"]) await bench.start(loop, {}, name);
    await bench.sfn.send(new StopExecutionCommand({ executionArn: `${PREFIX}:execution:loop:b` }));
    const first = await list(loop, { maxResults: 2 });
    await bench.start(loop, {}, "e");
    const second = await list(loop, { maxResults: 2, nextToken: first.nextToken });
    assert.deepEqual([first.names, second.names, second.nextToken], [["d", "c"], ["b", "a"], undefined]);
    assert.deepEqual((await list(loop, { statusFilter: "RUNNING" })).names, ["e", "d", "c", "a"]);
    assert.deepEqual((await list(loop, { statusFilter: "ABORTED" })).names, ["b"]);
    assert.deepEqual((await list(echo)).names, []);
    await assert.rejects(list(loop, { nextToken: "x" }), { name: "InvalidToken" });
    await assert.rejects(list(loop, { statusFilter: "LOST" }), { name: "ValidationException" });
  });

  it("stops an execution, once", async () => {
    const executionArn = await bench.start(loop);
    const stop = (error: string) => bench.sfn.send(new StopExecutionCommand({ executionArn, error, cause: "no need" }));
    const { stopDate } = await stop("Enough");
    assert.deepEqual((await stop("Again")).stopDate, stopDate);
    const { status, error, cause } = await bench.ended(executionArn);
    assert.deepEqual({ status, error, cause }, { status: "ABORTED", error: "Enough", cause: "no need" });
    assert.deepEqual(await bench.types(executionArn), ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]);
  });

  it("lists machines, and names an operation that it does not have", async () => {
    const describing = bench.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: echo }));
    await assert.rejects(describing, { message: "the local states has no operation DescribeStateMachine" });
    const numbers = bench.running.cloud.call(bench.running.owner, "states", "StartExecution", { stateMachineArn: echo, input: 1 });
    await assert.rejects(numbers, { name: "SerializationException", message: "input: NUMBER_VALUE can not be converted to a String" });
    const { stateMachines = [] } = await bench.sfn.send(new ListStateMachinesCommand({}));
    assert.deepEqual(
      stateMachines.map(({ name, type }) => [name, type]),
      [
        ["echo", "STANDARD"],
        ["loop", "STANDARD"],
      ],
    );
  });

  it("allows callers what their policies allow", async () => {
    const Statement = {
      Effect: "Allow",
      Action: ["states:StartExecution", "states:DescribeExecution"],
      Resource: [echo, `${PREFIX}:execution:echo:*`],
    };
    const { id } = await bench.create("aws:iam/policy:Policy", { name: "echo", policy: { Version: "2012-10-17", Statement } });
    const client = new SFNClient({ ...bench.running.clientOf(bench.running.user("operator", [id])), maxAttempts: 1 });
    const start = (stateMachineArn: string) => client.send(new StartExecutionCommand({ stateMachineArn }));
    const { executionArn } = await start(echo);
    assert.equal((await client.send(new DescribeExecutionCommand({ executionArn }))).executionArn, executionArn);
    await assert.rejects(start(loop), { name: "AccessDeniedException" });
    await assert.rejects(client.send(new StopExecutionCommand({ executionArn })), { name: "AccessDeniedException" });
    client.destroy();
  });
});

describe("local Step Functions: limits", () => {
  it("fails an execution that has too many events", async () => {
    const bench = await StepFunctionsBench.open({ maxEvents: 20 });
    try {
      const states = {
        Turn: { Type: "Pass", Next: "Again" },
        Again: { Type: "Pass", Next: "Check" },
        Check: { Type: "Choice", Choices: [{ Condition: "{% true %}", Next: "Turn" }], Default: "Done" },
        Done: { Type: "Succeed" },
      };
      const cause = "The execution reached the maximum number of history events (20).";
      assert.deepEqual(await bench.run(states), { status: "FAILED", error: "States.Runtime", cause });
      assert.equal((await bench.history()).length, 20);
    } finally {
      await bench.close();
    }
  });
});
