import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describeRun, runPipeline } from "../../local/pipelineRun";
import { trained } from "../support/report";
import { machineOf, StepFunctionsBench } from "@c360/local-aws/testing";

const totals = { rows: 1, users: 1, items: 1 };
const OUTPUT = {
  ...{ runId: "abc-1", runDate: "2026-11-25", engine: "lambda", export: {} },
  counts: { rowsIn: 2, leftOut: { duplicate: 1 }, table: totals, csv: { ...totals, repeatUsers: 0, bytes: 9 } },
  training: trained("updated"),
};

describe("the run of npm start", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await StepFunctionsBench.open();
  });
  after(() => bench.close());

  const run = async (name: string, states: object, entered: string[] = []) => {
    const options = { sfn: bench.sfn, runKey: "k", acceptBadRows: false, stallMs: 60_000, signal: new AbortController().signal };
    const stateMachineArn = await bench.deploy(machineOf({ ...states }), name);
    return runPipeline({ ...options, stateMachineArn, onState: (state) => void entered.push(state) });
  };

  it("is given today and its key, and tells what it made", async () => {
    const Output = { ...OUTPUT, runDate: "{% $given.runDate %}", export: "{% $given.runKey %}" };
    const given = "{% $states.input %}";
    const states = { First: { Type: "Pass", Assign: { given }, Next: "Last" }, Last: { Type: "Pass", Output, End: true } };
    const entered: string[] = [];
    const before = new Date().toISOString().slice(0, 10);
    const { result, seconds, ...ran } = await run("made", states, entered);
    assert.deepEqual(result, { ...OUTPUT, runDate: ran.runDate, export: "k" });
    assert.deepEqual(
      [entered, Object.keys(seconds)],
      [
        ["First", "Last"],
        ["First", "Last"],
      ],
    );
    assert.ok([before, new Date().toISOString().slice(0, 10)].includes(ran.runDate));
    assert.deepEqual(describeRun({ ...ran, result: undefined, seconds: {} }), {
      ...{ runId: "abc-1", runDate: ran.runDate, status: "SUCCEEDED", seconds: {} },
    });
  });

  it("is known by its key's hash when it fails", async () => {
    const failed = await run("fails", { Failed: { Type: "Fail", Error: "HistoryHeader", Cause: "no header" } });
    const { seconds, ...described } = describeRun(failed);
    const runId = createHash("sha256").update("k").digest("hex").slice(0, 12);
    assert.deepEqual(described, { runId, runDate: failed.runDate, status: "FAILED", error: "HistoryHeader", cause: "no header" });
    assert.deepEqual([Object.keys(seconds), failed.result], [["Failed"], undefined]);
  });

  it("is an error when it does not tell what it made", async () => {
    await assert.rejects(run("silent", { Only: { Type: "Pass", Output: { ...OUTPUT, counts: {} }, End: true } }), {
      message: /^the pipeline's output must have counts\.rowsIn, got \{"runId":"abc-1"/,
    });
  });
});
