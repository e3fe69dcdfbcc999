import * as assert from "node:assert/strict";
import { DescribeExecutionCommand, GetExecutionHistoryCommand, RedriveExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { eventually } from "../testing/eventually";
import { ManualClock } from "../testing/manualClock";
import { machineOf, StepFunctionsBench } from "../testing/stepFunctions";

const FLOW = machineOf({
  Count: { Type: "Pass", Assign: { word: "kept", redrives: "{% $states.context.Execution.RedriveCount %}" }, Next: "Wait" },
  Wait: { Type: "Wait", Seconds: 60, Next: "Done" },
  Done: { Type: "Succeed", Output: "{% [$word, $redrives, $states.context.Execution.RedriveCount, $states.input.a] %}" },
});
const REFUSED = machineOf({ No: { Type: "Fail", Error: "Never", Cause: "no" } });

describe("an execution that is redriven", () => {
  let clock: ManualClock;
  let bench: StepFunctionsBench;
  before(async () => {
    clock = new ManualClock();
    bench = await StepFunctionsBench.open({ clock });
  });
  after(() => bench.close());
  const describe = (executionArn: string) => bench.sfn.send(new DescribeExecutionCommand({ executionArn }));
  const redrive = (executionArn: string) => bench.sfn.send(new RedriveExecutionCommand({ executionArn }));
  const ended = (executionArn: string, status: string) =>
    eventually(async () => assert.equal((await describe(executionArn)).status, status));

  it("goes on in the state in which it was stopped, with its variables", async () => {
    const flow = await bench.deploy(FLOW, "flow");
    const executionArn = await bench.start(flow, { a: 1 });
    await eventually(() => assert.equal(clock.sleeping, 1));
    await assert.rejects(redrive(executionArn), { name: "ExecutionNotRedrivable", message: "Execution is RUNNING and cannot be redriven" });
    await bench.sfn.send(new StopExecutionCommand({ executionArn }));
    const stopped = await describe(executionArn);
    assert.deepEqual([stopped.status, stopped.redriveStatus, stopped.redriveCount], ["ABORTED", "REDRIVABLE", 0]);

    const { redriveDate } = await redrive(executionArn);
    await eventually(() => assert.equal(clock.sleeping, 1));
    const running = await describe(executionArn);
    assert.deepEqual([running.status, running.redriveCount, running.redriveDate], ["RUNNING", 1, redriveDate]);
    clock.advance(60_000);
    await ended(executionArn, "SUCCEEDED");
    assert.deepEqual(JSON.parse((await describe(executionArn)).output ?? ""), ["kept", 0, 1, 1]);
    const { events = [] } = await bench.sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        ...["ExecutionStarted", "PassStateEntered", "PassStateExited", "WaitStateEntered", "ExecutionAborted", "ExecutionRedriven"],
        ...["WaitStateEntered", "WaitStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"],
      ],
    );
    await assert.rejects(redrive(executionArn), { name: "ExecutionNotRedrivable" });
  });

  it("fails again in a Fail state, as often as it is told to", async () => {
    const refused = await bench.deploy(REFUSED, "refused");
    const executionArn = await bench.start(refused, {});
    await ended(executionArn, "FAILED");
    await redrive(executionArn);
    await eventually(async () => {
      const { status, error, redriveCount } = await describe(executionArn);
      assert.deepEqual([status, error, redriveCount], ["FAILED", "Never", 1]);
    });
  });
});
