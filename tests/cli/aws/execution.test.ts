import * as assert from "node:assert/strict";
import { type HistoryEvent, ListExecutionsCommand } from "@aws-sdk/client-sfn";
import { startExecution, Timeline, watchExecution, type WatchOptions } from "../../../cli/aws/execution";
import { machineOf, StepFunctionsBench } from "@c360/local-aws/testing";

const never = new AbortController().signal;
/** Goes around until `left` is 0. */
const ROUNDS = {
  Count: { Type: "Pass", Output: { left: "{% $states.input.left - 1 %}" }, Next: "Enough" },
  Enough: { Type: "Choice", Choices: [{ Condition: "{% $states.input.left > 0 %}", Next: "Count" }], Default: "Done" },
  Done: { Type: "Succeed", Output: { done: true } },
};

describe("watching an execution", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await StepFunctionsBench.open();
  });
  after(() => bench.close());

  async function watch(name: string, states: object, input: object, options: Partial<WatchOptions> = {}) {
    const { sfn } = bench;
    const entered: string[] = [];
    const left: string[] = [];
    const executionArn = await startExecution(sfn, await bench.deploy(machineOf({ ...states }), name), input, never);
    const onState = { entered: (state: string) => void entered.push(state), left: (state: string) => void left.push(state) };
    const watched = await watchExecution({ sfn, executionArn, signal: never, pollMs: 1, onState, ...options });
    return { watched, entered, left, executionArn };
  }

  it("tells every state once, in order, in a history of many pages", async () => {
    const { watched, entered, left } = await watch("rounds", ROUNDS, { left: 80 });
    assert.deepEqual([watched.status, watched.output, watched.error], ["SUCCEEDED", '{"done":true}', undefined]);
    const rounds = Array.from({ length: 80 }, () => ["Count", "Enough"]).flat();
    assert.deepEqual(entered, [...rounds, "Done"]);
    assert.deepEqual(left, entered);
    assert.deepEqual(Object.keys(watched.seconds), ["Count", "Enough", "Done"]);
  });

  it("tells error and cause, and the Fail state, which is never left", async () => {
    const states = { First: { Type: "Pass", Next: "Failed" }, Failed: { Type: "Fail", Error: "TooFew", Cause: "of all" } };
    const { watched, entered, left } = await watch("fails", states, {});
    assert.deepEqual([watched.status, watched.error, watched.cause, watched.output], ["FAILED", "TooFew", "of all", undefined]);
    assert.deepEqual(
      [entered, left],
      [
        ["First", "Failed"],
        ["First", "Failed"],
      ],
    );
  });

  const SLOW = { Long: { Type: "Wait", Seconds: 90_000_000, Next: "Done" }, Done: { Type: "Succeed" } };

  it("gives up on one that stands still, and names the state", async () => {
    const { watched, entered } = await watch("stands", SLOW, {}, { stallMs: 20 });
    assert.deepEqual(watched, {
      ...{ status: "RUNNING", error: "Stalled", cause: "nothing has happened in state Long for 0.02 seconds", seconds: {} },
    });
    assert.deepEqual(entered, ["Long"]);
  });

  it("ends at once when it is interrupted, and the execution goes on", async () => {
    const interrupted = new AbortController();
    const onState = { entered: () => setImmediate(() => interrupted.abort()) };
    await assert.rejects(watch("goesOn", SLOW, {}, { signal: interrupted.signal, onState, pollMs: 60_000 }), { name: "AbortError" });
    const [{ status }] = await executionsOf("goesOn");
    assert.equal(status, "RUNNING");
  });

  async function executionsOf(name: string) {
    const stateMachineArn = `arn:aws:states:ap-southeast-1:123456789012:stateMachine:${name}`;
    return (await bench.sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? [];
  }
});

const at = (ms: number): Date => new Date(1_795_176_000_000 + ms);
const entered = (id: number, name: string, ms: number, kind = "Task"): HistoryEvent => ({
  ...{ id, timestamp: at(ms), type: `${kind}StateEntered` as HistoryEvent["type"] },
  stateEnteredEventDetails: { name },
});
const exited = (id: number, name: string, ms: number, kind = "Task"): HistoryEvent => ({
  ...{ id, timestamp: at(ms), type: `${kind}StateExited` as HistoryEvent["type"] },
  stateExitedEventDetails: { name },
});
const other = (id: number, type: HistoryEvent["type"], ms: number): HistoryEvent => ({ id, timestamp: at(ms), type });

describe("the timeline of an execution", () => {
  it("counts the visits of a state together, in the order of the first ones", () => {
    const passed: unknown[] = [];
    const timeline = new Timeline({ entered: (state) => passed.push(state), left: (state, seconds) => passed.push([state, seconds]) });
    timeline.add([
      other(1, "ExecutionStarted", 0),
      entered(2, "Wait", 0),
      other(3, "TaskScheduled", 100),
      exited(4, "Wait", 1500),
      entered(5, "Look", 1500),
      exited(6, "Look", 1520),
      entered(7, "Wait", 1520),
    ]);
    assert.deepEqual([timeline.state, timeline.lastId], ["Wait", 7]);
    timeline.add([exited(8, "Wait", 2021)]);
    assert.deepEqual([timeline.state, timeline.lastId], [undefined, 8]);
    assert.deepEqual(Object.entries(timeline.seconds), [
      ["Wait", 2.001],
      ["Look", 0.02],
    ]);
    assert.deepEqual(passed, ["Wait", ["Wait", 1.5], "Look", ["Look", 0.02], "Wait", ["Wait", 0.501]]);
  });

  it("closes a state that is never left when the next is entered, and at the end", () => {
    const timeline = new Timeline();
    timeline.add([entered(1, "Task", 0), other(2, "TaskFailed", 500), entered(3, "Failed", 700, "Fail"), other(4, "ExecutionFailed", 800)]);
    assert.deepEqual([timeline.state, timeline.hasEnded, timeline.seconds], [undefined, true, { Task: 0.7, Failed: 0.1 }]);
  });

  it("knows nothing before the first event", () => {
    const timeline = new Timeline();
    assert.deepEqual([timeline.state, timeline.lastId, timeline.hasEnded, timeline.seconds], [undefined, 0, false, {}]);
  });
});
