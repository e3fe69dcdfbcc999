import * as assert from "node:assert/strict";
import { exportCsv, nameExport } from "../../../../components/pipeline/steps/export";
import type { States } from "../../../../components/pipeline/states";
import { evaluateExpressions } from "@c360/local-aws";
import { TaskError, walk } from "../../../support/walk";
import { DEFINITION_ARGS, EXPORTERS, PARTS } from "../../../support/definitionArgs";

const VARIABLES = {
  ...{ runId: "0123456789ab-01234567", runDate: "2026-01-31", runKey: "key", runHash: "0123456789ab", rebuild: false, acceptShrink: false },
  parts: "s3://cache/alice/athena/list.csv",
  counts: { csv: { rows: 12_345_678_901, users: 3, items: 2, bytes: 400_000_000_000 } },
};
const execution = (id: string) => ({ context: { Execution: { Id: id, RedriveCount: 0 }, State: { Name: "Export" } } });
/** First 8 digits of the hash of `execution0`. */
const ANSWER = "alice/recommender/inflated/0123456789ab-01234567/5e821fd3.json";

const evaluate = (template: unknown, changes: object = {}, states: object = execution("execution")) =>
  evaluateExpressions(template, "Arguments", { ...VARIABLES, ...changes, states });
const statesOf = (engine: keyof typeof EXPORTERS, from: keyof typeof PARTS) => {
  const { context, maxShrink } = DEFINITION_ARGS;
  return exportCsv({ exporter: EXPORTERS[engine], parts: PARTS[from], context, maxShrink }).states("Next");
};

describe("the export's states", () => {
  it("give a function what was counted of a query's parts", async () => {
    assert.deepEqual(await evaluate(statesOf("lambda", "query").Export.Arguments), {
      FunctionName: "arn:aws:lambda:ap-southeast-1:123456789012:function:export",
      Payload: {
        ...{ runId: VARIABLES.runId, runDate: "2026-01-31", manifest: "s3://cache/alice/athena/list.csv" },
        ...{ rows: 12_345_678_901, users: 3, items: 2, bytes: 400_000_000_000, maxShrink: 0.2 },
      },
    });
  });

  it("tell a function where a source's parts of the day are, and the least that they must have", async () => {
    const { Payload } = (await evaluate(statesOf("lambda", "source").Export.Arguments)) as { Payload: object };
    const source = "s3://lake/crm/interactions/dt=2026-01-31/";
    const quotas = { leastRows: 1000, leastRepeatUsers: 25, leastRepeatPercent: 1, mostEventTypes: 10 };
    assert.deepEqual(Payload, { runId: VARIABLES.runId, runDate: "2026-01-31", source, maxShrink: 0.2, ...quotas });
  });

  it("invoke a function again while work is left", async () => {
    const decisions = ["unfinished", "unfinished", "kept"];
    const responses = { Export: (_given: unknown, call: number) => ({ Payload: { decision: decisions[call] } }) };
    const States: States = { ...statesOf("lambda", "query"), Next: { Type: "Succeed" } };
    const { states, variables } = await walk({ StartAt: "Export", States }, { variables: VARIABLES, responses });
    assert.deepEqual(states, [...Array<string[]>(3).fill(["Export", "CheckExport"]).flat(), "Next"]);
    assert.deepEqual(variables.exported, { decision: "kept" });
  });

  for (const [engine, reason] of [
    ["lambda", '{"errorType":"BadRow","errorMessage":"line 1: bad"}'],
    ["glue", '{"ErrorMessage":"ExportError: BadRow: line 1: bad"}'],
  ] as const) {
    it(`end in the engine's own error with the engine ${engine}, and say what to do`, async () => {
      const fails = () => {
        throw new TaskError(engine === "lambda" ? "BadRow" : "States.TaskFailed", reason);
      };
      const machine = { StartAt: "Export", States: statesOf(engine, "source") };
      const { error, cause, calls } = await walk(machine, { variables: VARIABLES, responses: { Export: fails } });
      const advice = "The CSV is complete: the old one, or already the new one. Fix the cause, then start again with the same run key.";
      assert.deepEqual([error, cause, calls.Export.length], ["BadRow", `line 1: bad - ${advice}`, 1]);
    });
  }

  it("give a job the same as texts, and a key for its answer", async () => {
    const run = { "--run_id": VARIABLES.runId, "--run_date": "2026-01-31", "--answer_s3_key": ANSWER, "--max_shrink": "0.2" };
    assert.deepEqual(await evaluate(statesOf("glue", "query").Export.Arguments), {
      JobName: "export-job",
      Arguments: {
        ...{ ...run, "--parts_manifest": "s3://cache/alice/athena/list.csv" },
        ...{ "--rows": "12345678901", "--users": "3", "--items": "2", "--bytes": "400000000000" },
      },
    });
    assert.deepEqual(await evaluate(statesOf("glue", "source").Export.Arguments), {
      JobName: "export-job",
      Arguments: {
        ...{ ...run, "--least_rows": "1000", "--least_repeat_users": "25" },
        ...{ "--least_repeat_percent": "1", "--most_event_types": "10" },
      },
    });
  });

  it("let the CSV shrink by any share where the input says so", async () => {
    const accepts = { acceptShrink: true };
    for (const from of ["query", "source"] as const) {
      const { Payload } = (await evaluate(statesOf("lambda", from).Export.Arguments, accepts)) as { Payload: { maxShrink: number } };
      const job = (await evaluate(statesOf("glue", from).Export.Arguments, accepts)) as { Arguments: Record<string, string> };
      assert.deepEqual([Payload.maxShrink, job.Arguments["--max_shrink"]], [1, "1"]);
    }
  });

  it("wait for a job longer than it may take, and read its answer where it was told to leave it", async () => {
    const { Export, ReadAnswer } = statesOf("glue", "query");
    assert.deepEqual([Export.TimeoutSeconds, Export.Next, ReadAnswer.Next], [90 * 60 + 900, "ReadAnswer", "Next"]);
    const { answerKey } = (await evaluate(Export.Assign)) as { answerKey: string };
    assert.equal(answerKey, ANSWER);
    assert.deepEqual(await evaluate(ReadAnswer.Arguments, { answerKey }), { Bucket: "cache", Key: ANSWER });
    const answer = { decision: "kept", reason: "sameRun" };
    const { exported } = (await evaluate(ReadAnswer.Assign, {}, { result: { Body: JSON.stringify(answer) } })) as { exported: object };
    assert.deepEqual(exported, answer);
  });
});

describe("the name of a run that exports a source", () => {
  const nameOf = async (changes: object = {}, id = "execution") => {
    const { runId } = (await evaluate(nameExport().states("Next").NameExport.Assign, changes, execution(id))) as { runId: string };
    return runId;
  };

  it("is the same in every execution of the run key and the date, so that the CSV is made once", async () => {
    assert.match(await nameOf(), /^0123456789ab-[0-9a-f]{8}$/);
    assert.equal(await nameOf(), await nameOf({}, "another"));
    assert.notEqual(await nameOf(), await nameOf({ runDate: "2026-02-01" }));
    assert.notEqual(await nameOf(), await nameOf({ runKey: "other" }));
  });

  it("is each execution's own when it is to be rebuilt", async () => {
    const rebuilt = await nameOf({ rebuild: true });
    assert.match(rebuilt, /^0123456789ab-[0-9a-f]{8}$/);
    assert.notEqual(rebuilt, await nameOf());
    assert.notEqual(rebuilt, await nameOf({ rebuild: true }, "another"));
  });
});
