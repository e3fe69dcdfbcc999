import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS, lines } from "../../support/exportParts";
import {
  answerOf,
  COMPLETE,
  expectedLines,
  eachWithExport,
  type ExportWorld,
  MANIFEST_FILE,
  TARGET,
  UPLOAD_PART,
} from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;
const PUT = "PUT /{Bucket}/{Key+}";

describe("the export, when others write or it is killed", () => {
  let world: ExportWorld;
  let exporter: SerializedFunction;
  const parts = { a: lines(6 * MIB, 0) };
  const text = expectedLines(parts);

  eachWithExport((...opened) => ([world, exporter] = opened));

  const run = (runId: string, runDate = "2026-11-24") => world.parts(parts, { runId, runDate });
  const decisionOf = async (event: unknown, by = exporter) => {
    const { decision, reason } = answerOf(await by.invoke(event));
    return `${decision}: ${reason}`;
  };

  it("replaces an older run date and its own, keeps a later one and this very run", async () => {
    const monday = await run("m-1", "2026-11-23");
    const tuesday = await run("t-1", "2026-11-24");
    assert.equal(await decisionOf(monday), "replaced: noTarget");
    assert.equal(await decisionOf(tuesday), "replaced: olderRunDate");
    const again = answerOf(await exporter.invoke(tuesday));
    assert.deepEqual(
      [again.decision, again.reason, again.parts, again.copied, again.uploaded, again.bytes],
      ["kept", "sameRun", 0, 0, 0, tuesday.bytes + COLUMNS.length + 1],
    );
    const older = answerOf(await exporter.invoke(monday));
    assert.deepEqual([older.decision, older.reason, older.manifest.runId], ["kept", "laterRunDate", "t-1"]);
    await world.checkExported(tuesday, text);
    const rebuilt = await run("t-2", "2026-11-24");
    assert.equal(await decisionOf(rebuilt), "replaced: sameRunDate");
    await world.checkExported(rebuilt, text);
  });

  it("tells the dates apart that one run key made", async () => {
    const [monday, tuesday] = [await run("k-1", "2026-11-23"), await run("k-1", "2026-11-24")];
    assert.equal(await decisionOf(monday), "replaced: noTarget");
    assert.equal(await decisionOf(tuesday), "replaced: olderRunDate");
    assert.equal(await decisionOf(monday), "kept: laterRunDate");
    await world.checkExported(tuesday, text);
  });

  it("replaces an object that no export wrote", async () => {
    const event = await run("a-1");
    await world.put(BUCKETS.downstream, TARGET, "something", { Metadata: { rundate: "2027-01-01" } });
    assert.equal(await decisionOf(event), "replaced: unknownTarget");
    await world.checkExported(event, text);
  });

  it("repairs a manifest file that is missing, or tells of another CSV", async () => {
    const event = await run("a-1");
    await exporter.invoke(event);
    await world.remove(BUCKETS.downstream, MANIFEST_FILE);
    assert.equal(await decisionOf(event), "kept: sameRun");
    await world.checkExported(event, text);
    await world.put(BUCKETS.downstream, MANIFEST_FILE, JSON.stringify({ etag: "another" }));
    assert.equal(await decisionOf(await run("older-1", "2026-11-01")), "kept: laterRunDate");
    await world.checkExported(event, text);
  });

  it("knows that it is done when nobody heard so", async () => {
    const event = await run("a-1");
    const lost = world.cloud.faults.inject({ service: "s3", operation: COMPLETE, kind: "loseAnswer", to: 1 });
    assert.equal(await decisionOf(event), "replaced: noTarget");
    assert.equal(lost.injected, 1);
    await world.checkExported(event, text);
  });

  it("leaves the old CSV when it is killed in the middle of the upload, and exports the next time", async () => {
    const old = await run("old-1", "2026-11-20");
    await exporter.invoke(old);
    const before = await world.found();
    const large = { a: lines(12 * MIB, 0) };
    const event = await world.parts(large, { runId: "a-1" });
    const silence = world.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence", from: 2 });
    const killed = assert.rejects(exporter.invoke(event), /the function ended/);
    await eventually(() => assert.ok(silence.injected > 0));
    await exporter.stop();
    await killed;
    silence.remove();
    assert.deepEqual(await world.found(), before);
    assert.equal(await world.openUploads(), 1);
    assert.equal(await decisionOf(event, await world.load()), "replaced: olderRunDate");
    assert.equal((await world.found())?.text, `${COLUMNS}\n${expectedLines(large)}`);
  });

  it("repairs what a run that was killed between CSV and manifest file left", async () => {
    await exporter.invoke(await run("old-1", "2026-11-20"));
    const event = await run("a-1");
    const silence = world.cloud.faults.inject({
      service: "s3",
      operation: PUT,
      kind: "silence",
      when: ({ Key }) => Key === MANIFEST_FILE,
    });
    const killed = assert.rejects(exporter.invoke(event), /the function ended/);
    await eventually(() => assert.ok(silence.injected > 0));
    await exporter.stop();
    await killed;
    silence.remove();
    assert.equal((await world.found())?.metadata.runid, "a-1");
    assert.match((await world.found(MANIFEST_FILE))?.text ?? "", /"runId":"old-1"/);
    assert.equal(await decisionOf(event, await world.load()), "kept: sameRun");
    await world.checkExported(event, text);
  });

  it("lets the later run date win when two export at once, whichever ends first", async () => {
    const [older, newer] = [await run("older-1", "2026-11-23"), await run("newer-1", "2026-11-24")];
    for (const slow of [older, newer]) {
      const other = await world.load();
      await world.remove(BUCKETS.downstream, TARGET);
      const fast = slow === older ? newer : older;
      const silence = world.cloud.faults.inject({ service: "s3", operation: COMPLETE, kind: "silence" });
      const slowly = decisionOf(slow);
      await eventually(() => assert.ok(silence.injected > 0));
      const quickly = decisionOf(fast, other);
      await eventually(() => assert.ok(silence.injected > 1));
      silence.remove();
      const decisions = [await slowly, await quickly];
      assert.ok(decisions.some((decision) => decision.startsWith("replaced")));
      await world.checkExported(newer, text);
    }
  });

  it("gives up on a target that changes again and again", async () => {
    const event = await run("a-1");
    for (const [code, status] of [
      ["PreconditionFailed", 412],
      ["ConditionalRequestConflict", 409],
    ] as const) {
      const conflict = world.cloud.faults.inject({
        service: "s3",
        operation: COMPLETE,
        kind: new ServiceError(code, "it changed", status),
      });
      const { error } = await exporter.invoke(event);
      assert.deepEqual(error, { name: "TargetChanged", message: `"${TARGET}" changed each of the 5 times that it was to be replaced` });
      assert.ok(conflict.injected >= 5);
      assert.equal(await world.openUploads(), 0);
      assert.equal(await world.found(), undefined);
      conflict.remove();
    }
    const once = new ServiceError("ConditionalRequestConflict", "it changed", 409);
    world.cloud.faults.inject({ service: "s3", operation: COMPLETE, kind: once, to: 1 });
    assert.equal(await decisionOf(event), "replaced: noTarget");
    await world.checkExported(event, text);
  });
});
