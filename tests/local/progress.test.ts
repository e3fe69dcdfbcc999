import * as assert from "node:assert/strict";
import { showProgress } from "../../local/progress";

describe("the progress of a run", () => {
  const none = new AbortController().signal;

  it("times the steps, and adds them up", async () => {
    const { seconds, time, step } = showProgress(none, true);
    assert.equal(await time("read", () => Promise.resolve("a")), "a");
    assert.equal(await step("start", "Start", () => "b"), "b");
    assert.deepEqual(Object.keys(seconds), ["total", "read", "start"]);
    assert.equal(seconds.total, Math.round(1000 * (seconds.read + seconds.start)) / 1000);
  });

  it("throws what a step throws", async () => {
    const { step } = showProgress(none, true);
    await assert.rejects(
      step("start", "Start", () => Promise.reject(new Error("refused"))),
      { message: "refused" },
    );
  });

  it("stops before a step, and after one that does not look at the signal", async () => {
    const interrupted = new AbortController();
    const { step, seconds } = showProgress(interrupted.signal, true);
    const stop = () => interrupted.abort(new Error("stop"));
    await assert.rejects(step("reconcile", "Reconcile", stop), { message: "stop" });
    let hasRun = false;
    await assert.rejects(
      step("report", "Report", () => void (hasRun = true)),
      { message: "stop" },
    );
    assert.deepEqual([hasRun, Object.keys(seconds)], [false, ["total"]]);
  });
});
