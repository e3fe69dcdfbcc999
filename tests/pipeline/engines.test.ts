import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { enoughRows, historyFile, needPython } from "@c360/local-aws/testing";
import { BUCKETS, DeployedPipeline, INPUT, MANIFEST } from "../support/deployedPipeline";

const DAY = "2026-01-31";
const SOURCE = { prefix: "crm/interactions/" };
const PARTS = `${SOURCE.prefix}dt=${DAY}/`;
const BAD = `${PARTS}bad.csv`;

const ENGINES = [
  { engine: "lambda", states: ["Export", "CheckExport"], needed: ["InvokeFunctions"] },
  { engine: "glue", states: ["Export", "ReadAnswer"], needed: ["ReadAnswer", "RunJob"] },
] as const;

for (const { engine, states, needed } of ENGINES) {
  describe(`a run of the pipeline with the engine ${engine}`, function () {
    this.timeout(300_000);
    let pipeline: DeployedPipeline;
    before(async function () {
      if (engine === "glue") await needPython(this);
      pipeline = await DeployedPipeline.open({ engine, source: SOURCE });
      const rows = enoughRows();
      await pipeline.put(BUCKETS.lake, `${PARTS}a.csv`, historyFile(rows.slice(0, 500)));
      await pipeline.put(BUCKETS.lake, `${PARTS}b/c.csv.gz`, gzipSync(historyFile(rows.slice(500))));
      await pipeline.put(BUCKETS.lake, `${PARTS}_SUCCESS`, "");
    });
    after(() => pipeline?.close());

    it("fails under the engine's own name of the error, and says what to do", async () => {
      await pipeline.put(BUCKETS.lake, BAD, "u1,i1,never,watch\n");
      const { error, cause } = await pipeline.run({ runDate: DAY, runKey: "first" });
      const wrong = `Part "s3://${BUCKETS.lake}/${BAD}": line 1 must have a TIMESTAMP in whole seconds from 1 to 99999999999, not in milliseconds, got "never"`;
      const advice = "The CSV is complete: the old one, or already the new one. Fix the cause, then start again with the same run key.";
      assert.deepEqual([error, cause], ["BadRow", `${wrong} - ${advice}`]);
      assert.equal(await pipeline.object(BUCKETS.downstream, INPUT), undefined);
      await pipeline.s3.send(new DeleteObjectCommand({ Bucket: BUCKETS.lake, Key: BAD }));
    });

    it("joins a source's parts, without a query", async () => {
      const { status, output, states: entered, cause } = await pipeline.run({ runDate: DAY, runKey: "first" });
      assert.equal(status, "SUCCEEDED", cause);
      assert.deepEqual(entered.slice(entered.indexOf("NameExport"), entered.indexOf("BeginImport")), ["NameExport", ...states]);
      assert.deepEqual(Object.keys(output).sort(), ["engine", "export", "runDate", "runId", "runKey", "training"]);
      assert.deepEqual([output.engine, output.export.decision, output.training.decision], [engine, "replaced", "skipped"]);
      const { text, metadata } = (await pipeline.object(BUCKETS.downstream, INPUT)) ?? {};
      assert.equal(text, historyFile(enoughRows()));
      const { runid, rows, users, items } = metadata ?? {};
      assert.deepEqual([runid, rows, users, items], [output.runId, "1000", "25", "40"]);
      assert.notEqual(await pipeline.object(BUCKETS.downstream, MANIFEST), undefined);
    });

    it("needs every statement of its role, but for those that only AWS asks for", async () => {
      assert.deepEqual(await pipeline.neededStatements(), ["AcquireLock", "Import", "PassRole", "RecordRun", ...needed].sort());
      const all = pipeline.statements.map(({ Sid = "" }) => Sid);
      assert.deepEqual(all.filter((sid) => !["DeliverLogs", "Trace"].includes(sid)).sort(), await pipeline.neededStatements());
    });
  });
}
