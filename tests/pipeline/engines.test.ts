import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { BUCKETS, DeployedPipeline, INPUT, MANIFEST, type PipelineOptions } from "../support/deployedPipeline";
import { historyFile, enoughRows, needPython, type Row } from "@c360/local-aws/testing";

const DAY = "2026-01-31";
const SOURCE = { prefix: "crm/interactions/" };
const PARTS = `${SOURCE.prefix}dt=${DAY}/`;
const TURN = ["AcquireLock", "WaitForLock", "ListExecutions", "CheckLock"];
/** What comes after the export, each state once: how often a job is looked at is its own affair. */
const RECORDED = ["BeginImport", "Import", "DescribeImport", "CheckImport", "WaitForImport", "SkipTraining", "Record"];
const EXPORT = { lambda: ["Export", "CheckExport"], glue: ["Export", "ReadAnswer"] };

for (const engine of ["lambda", "glue"] as const) {
  describe(`a run of the pipeline with the engine ${engine}`, () => {
    let world: DeployedPipeline;
    const open = async (options: PipelineOptions = {}) => (world = await DeployedPipeline.open({ engine, ...options }));
    if (engine === "glue")
      before(function () {
        return needPython(this);
      });
    afterEach(() => world?.close());

    /** Somebody else's parts: one plain, one inflated, one that nobody wants. */
    async function leaveParts(rows: Row[]): Promise<void> {
      const half = rows.length / 2;
      await world.put(BUCKETS.lake, `${PARTS}a.csv`, historyFile(rows.slice(0, half)));
      await world.put(BUCKETS.lake, `${PARTS}b/c.csv.gz`, gzipSync(historyFile(rows.slice(half))));
      await world.put(BUCKETS.lake, `${PARTS}_SUCCESS`, "");
    }

    it("joins what the query wrote", async () => {
      await open();
      await world.drop(historyFile(enoughRows()));
      const { status, output, states } = await world.run({ runDate: DAY, runKey: "first" });
      assert.equal(status, "SUCCEEDED");
      assert.deepEqual(
        [...new Set(states.slice(states.indexOf("WriteParts")))],
        ["WriteParts", ...EXPORT[engine], ...RECORDED, "ListRuns", "FindSuperseded", "Done"],
      );
      assert.equal(output.engine, engine);
      assert.deepEqual([output.export.decision, output.counts.csv.rows], ["replaced", 1000]);
      const { text = "" } = (await world.object(BUCKETS.downstream, INPUT)) ?? {};
      assert.deepEqual(text.split("\n").sort(), historyFile(enoughRows()).split("\n").sort());
    });

    it("joins what somebody else left, without a query, once for a run key unless it is to be rebuilt", async () => {
      await open({ source: SOURCE });
      await leaveParts(enoughRows());
      const first = await world.run({ runDate: DAY, runKey: "first" });
      assert.equal(first.status, "SUCCEEDED", first.cause);
      assert.deepEqual(
        [...new Set(first.states)].filter((state) => !TURN.includes(state)),
        [...["Prepare", "CheckInput", "ReadInput", "NameRun", "NameExport"], ...[...EXPORT[engine], ...RECORDED, "Done"]],
      );
      assert.deepEqual(Object.keys(first.output).sort(), ["engine", "export", "runDate", "runId", "runKey", "training"]);
      const { text = "", metadata } = (await world.object(BUCKETS.downstream, INPUT)) ?? {};
      assert.equal(text, historyFile(enoughRows()));
      const { runid, rows, users, items } = metadata ?? {};
      assert.deepEqual([runid, rows, users, items], [first.output.runId, "1000", "25", "40"]);
      assert.notEqual(await world.object(BUCKETS.downstream, MANIFEST), undefined);

      const again = await world.run({ runDate: DAY, runKey: "first" });
      assert.deepEqual([again.output.runId, again.output.export.decision], [first.output.runId, "kept"]);
      const rebuilt = await world.run({ runDate: DAY, runKey: "first", rebuild: true });
      assert.deepEqual([rebuilt.output.runId === first.output.runId, rebuilt.output.export.decision], [false, "replaced"]);
    });

    it("fails under the engine's own name of the error, and says what to do", async () => {
      await open({ source: SOURCE });
      const absent = await world.run({ runDate: DAY });
      assert.deepEqual([absent.status, absent.error], ["FAILED", "NoParts"]);
      await leaveParts(enoughRows(900));
      const few = await world.run({ runDate: DAY });
      assert.deepEqual([few.status, few.error], ["FAILED", "TooFewInteractions"]);
      await world.put(BUCKETS.lake, `${PARTS}bad.csv`, "u1,i1,never,watch\n");
      const { status, error, cause = "" } = await world.run({ runDate: DAY });
      assert.deepEqual([status, error], ["FAILED", "BadRow"]);
      const wrong = `Part "s3://${BUCKETS.lake}/${PARTS}bad.csv": line 1 must have a TIMESTAMP in whole seconds above 0, got "never"`;
      const advice = "The CSV is complete: the old one, or already the new one. Fix the cause, then start again with the same run key.";
      assert.equal(cause, `${wrong} - ${advice}`);
      assert.equal(await world.object(BUCKETS.downstream, INPUT), undefined);
    });
  });
}

describe("a run whose parts take longer to inflate than an invocation has", () => {
  it("invokes the function again until all is joined", async () => {
    const world = await DeployedPipeline.open({ source: SOURCE, functionSeconds: 10 });
    try {
      await world.put(BUCKETS.lake, `${PARTS}a.csv.gz`, gzipSync(historyFile(enoughRows())));
      const { status, states, cause } = await world.run({ runDate: DAY });
      assert.equal(status, "SUCCEEDED", cause);
      const invoked = states.slice(states.indexOf("Export"), states.indexOf("BeginImport"));
      assert.deepEqual(invoked, ["Export", "CheckExport", "Export", "CheckExport"]);
      assert.equal((await world.object(BUCKETS.downstream, INPUT))?.text, historyFile(enoughRows()));
    } finally {
      await world.close();
    }
  });
});

describe("the role of a pipeline that runs a job", () => {
  before(function () {
    return needPython(this);
  });

  for (const without of ["RunJob", "ReadAnswer"]) {
    it(`needs ${without}: without it the run fails and says why`, async () => {
      const world = await DeployedPipeline.open({ engine: "glue", source: SOURCE, without });
      try {
        await world.put(BUCKETS.lake, `${PARTS}a.csv`, historyFile(enoughRows()));
        const { status, cause = "" } = await world.run({ runDate: DAY });
        assert.equal(status, "FAILED");
        assert.match(cause, /not authorized to perform|denied/i);
      } finally {
        await world.close();
      }
    });
  }
});
