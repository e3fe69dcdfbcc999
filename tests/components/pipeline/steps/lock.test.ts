import * as assert from "node:assert/strict";
import { acquireLock } from "../../../../components/pipeline/steps/lock";
import { executionArn, MACHINE, type Respond, walk } from "../../../support/walk";

const OWN = executionArn();
const OTHER = executionArn("other");
const page = (executions: string[], NextToken?: string) => ({
  Executions: executions.map((ExecutionArn) => ({ ExecutionArn })),
  NextToken,
});

function acquire(respond: Respond, maxWaitHours = 24) {
  const { first, states } = acquireLock(maxWaitHours);
  const machine = { StartAt: first, States: { ...states("Next"), Next: { Type: "Succeed" } } } as const;
  return walk(machine, { responses: { ListExecutions: respond, ListMoreExecutions: respond } });
}

describe("the execution lock", () => {
  it("is held by the oldest running execution, which is the last of the list", async () => {
    const { states, calls, seconds } = await acquire(() => page([OTHER, OWN]));
    assert.deepEqual(states, ["AcquireLock", "WaitForLock", "ListExecutions", "CheckLock", "Next"]);
    assert.deepEqual(calls.ListExecutions, [{ StateMachineArn: MACHINE, StatusFilter: "RUNNING", MaxResults: 100 }]);
    assert.equal(seconds, 5);
  });

  it("is waited for until older executions have ended", async () => {
    const { states, seconds } = await acquire((_given, call) => page(call < 3 ? [OWN, OTHER] : [OWN]));
    assert.equal(states.filter((state) => state === "WaitForLock").length, 4);
    assert.deepEqual([states.at(-1), seconds], ["Next", 5 + 3 * 60]);
  });

  it("is looked for on the last page of the list", async () => {
    const { states, calls } = await acquire(({ NextToken }) => (NextToken === undefined ? page([OTHER], "second") : page([OTHER, OWN])));
    assert.deepEqual(states.slice(2), ["ListExecutions", "CheckLock", "ListMoreExecutions", "CheckLock", "Next"]);
    assert.deepEqual(calls.ListMoreExecutions, [
      { StateMachineArn: MACHINE, StatusFilter: "RUNNING", MaxResults: 100, NextToken: "second" },
    ]);
  });

  it("is not held by an execution that the list does not show yet", async () => {
    const lists = [page([]), page([OTHER]), page([OWN, OTHER]), page([OWN])];
    const { states, calls } = await acquire((_given, call) => lists[call]);
    assert.deepEqual([calls.ListExecutions.length, states.at(-1)], [4, "Next"]);
  });

  it("is given up after the longest wait", async () => {
    const { error, cause, seconds } = await acquire(() => page([OWN, OTHER]), 1);
    assert.equal(error, "LockTimeout");
    assert.equal(
      cause,
      "other executions were still running - This execution waited for 1 hours (pipeline.maxWaitHours). Find the execution that hangs and stop it.",
    );
    assert.ok(seconds > 3600 && seconds <= 3600 + 60, `${seconds}`);
  });

  it("is checked less often the longer it may take, so that an execution's history has room for the other waits", async () => {
    for (const [maxWaitHours, everySeconds] of [
      [1, 60],
      [24, 60],
      [25, 63],
      [72, 180],
    ]) {
      const { variables, calls } = await acquire(() => page([OWN, OTHER]), maxWaitHours);
      assert.equal(variables.lockWaitSeconds, everySeconds);
      let polls = 0;
      for (let waited = 0; waited < maxWaitHours * 3600; polls += 1) waited += Math.max(30, Math.floor(waited / 20));
      // A wait, a call and a choice: two, five and two events; four other resources are polled.
      assert.ok((calls.ListExecutions.length + 4 * polls) * 9 < 25_000 * 0.75, `${calls.ListExecutions.length} and ${polls}`);
    }
  });
});
