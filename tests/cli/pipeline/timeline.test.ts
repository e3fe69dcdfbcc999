import * as assert from "node:assert/strict";
import type { HistoryEvent } from "@aws-sdk/client-sfn";
import { Timeline } from "../../../cli/pipeline/timeline";

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
    assert.equal(timeline.state, "Failed");
    timeline.end(at(800));
    timeline.end(at(900));
    assert.deepEqual([timeline.state, timeline.seconds], [undefined, { Task: 0.7, Failed: 0.1 }]);
  });

  it("knows nothing before the first event", () => {
    const timeline = new Timeline();
    timeline.end(at(0));
    assert.deepEqual([timeline.state, timeline.lastId, timeline.seconds], [undefined, 0, {}]);
  });
});
