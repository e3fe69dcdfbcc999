import * as assert from "node:assert/strict";
import { ServiceError, type Json } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import type { CountedEvent } from "../../../functions/exportInteractions/event";
import { BUCKETS } from "../../support/deployedExports";
import { describeEngines } from "../../support/exportEngines";
import { COMPLETE, expectedLines, MANIFEST_FILE, PUT, TARGET, UPLOAD_PART } from "../../support/exportFixture";
import { COLUMNS, lines } from "../../support/exportParts";

const MIB = 1024 ** 2;
const PARTS = { a: lines(6 * MIB, 0) };
const TEXT = expectedLines(PARTS);
const isTarget = ({ Key }: Json) => Key === TARGET;

describeEngines("when others write or it is killed", ({ name, fixture }) => {
  const event = (runId: string, runDate = "2026-11-24") => fixture().parts(PARTS, { runId, runDate });
  const inject = (
    operation: string,
    kind: "silence" | "loseAnswer" | ServiceError,
    more: { when?: (input: Json) => boolean; to?: number } = {},
  ) => fixture().cloud.faults.inject({ service: "s3", operation, kind, ...more });
  /** Starts a run, and kills it as soon as a call waits. */
  const killAt = async (run: CountedEvent, operation: string, when: (input: Json) => boolean) => {
    const silence = inject(operation, "silence", { when });
    const killed = fixture().run(run);
    await eventually(() => assert.ok(silence.injected > 0));
    await fixture().engine.kill();
    assert.ok((await killed).error);
    silence.remove();
  };

  it("replaces the CSV of an older run date, and keeps that of a later one and of this run", async () => {
    const [monday, tuesday] = [await event("k-1", "2026-11-23"), await event("k-1", "2026-11-24")];
    assert.equal(await fixture().decision(monday), "replaced: noTarget");
    assert.equal(await fixture().decision(tuesday), "replaced: olderRunDate");
    const { decision, reason, parts, copied, uploaded, bytes, lastModified } = await fixture().answer(tuesday);
    assert.equal(lastModified, await fixture().lastModified());
    assert.deepEqual([decision, reason, parts, copied, uploaded, bytes], ["kept", "sameRun", 0, 0, 0, TEXT.length + COLUMNS.length + 1]);
    const older = await fixture().answer(monday);
    assert.deepEqual([older.decision, older.reason, older.manifest.runDate], ["kept", "laterRunDate", "2026-11-24"]);
    await fixture().checkExported(tuesday, TEXT);
  });

  it("detects that its upload was completed although the answer was lost", async () => {
    const run = await event("a-1");
    const lost = inject(COMPLETE, "loseAnswer", { to: 1, when: isTarget });
    assert.equal(await fixture().decision(run), "replaced: noTarget");
    assert.equal(lost.injected, 1);
    await fixture().checkExported(run, TEXT);
  });

  it("leaves the old CSV when it is killed while S3 copies, and exports the next time", async () => {
    const before = await fixture().putOldCsv();
    const run = await event("a-1");
    await killAt(run, UPLOAD_PART, ({ Bucket }) => Bucket === BUCKETS.downstream);
    assert.deepEqual(await fixture().found(), before);
    assert.equal(await fixture().openUploads(), 1);
    assert.equal(await fixture().decision(run), "replaced: olderRunDate");
    assert.equal((await fixture().found())?.text, `${COLUMNS}\n${TEXT}`);
  });

  it("repairs the manifest file that a run left when it was killed after it had written the CSV", async () => {
    const run = await event("a-1");
    await fixture().put(BUCKETS.downstream, MANIFEST_FILE, '{"runId":"old-1"}');
    await killAt(run, PUT, ({ Key }) => Key === MANIFEST_FILE);
    assert.equal((await fixture().found())?.metadata.runid, "a-1");
    assert.equal((await fixture().found(MANIFEST_FILE))?.text, '{"runId":"old-1"}');
    assert.equal(await fixture().decision(run), "kept: sameRun");
    await fixture().checkExported(run, TEXT);
  });

  it("lets the later run date win if two runs export at the same time, whichever ends first", async () => {
    const [older, newer] = [await event("older-1", "2026-11-23"), await event("newer-1", "2026-11-24")];
    for (const [first, second] of [
      [older, newer],
      [newer, older],
    ]) {
      await fixture().remove(BUCKETS.downstream, TARGET);
      const silence = inject(COMPLETE, "silence", { when: isTarget });
      const runs = [fixture().decision(first)];
      await eventually(() => assert.ok(silence.injected > 0));
      runs.push(fixture().decision(second));
      await eventually(() => assert.ok(silence.injected > 1));
      silence.remove();
      const decisions = await Promise.all(runs);
      assert.ok(decisions.some((decision) => decision.startsWith("replaced")));
      await fixture().checkExported(newer, TEXT);
    }
  });

  it("gives up on a CSV that changes again and again", async () => {
    const run = await event("a-1");
    const changed = inject(COMPLETE, new ServiceError("PreconditionFailed", "it changed", 412), { when: isTarget, to: 2 });
    const conflict = inject(COMPLETE, new ServiceError("ConditionalRequestConflict", "it changed", 409), { when: isTarget });
    await fixture().checkFails(run, "TargetChanged", `"${TARGET}" changed each of the 5 times that it was to be replaced`);
    assert.ok(changed.injected === 2 && conflict.injected >= 3);
    conflict.remove();
    inject(COMPLETE, new ServiceError("ConditionalRequestConflict", "it changed", 409), { when: isTarget, to: 1 });
    assert.equal(await fixture().decision(run), "replaced: noTarget");
    await fixture().checkExported(run, TEXT);
  });

  if (name === "glue") {
    it("leaves the old CSV when it is killed while it makes the new one in cache", async () => {
      const before = await fixture().putOldCsv();
      await killAt(await event("a-1"), UPLOAD_PART, ({ Bucket }) => Bucket === BUCKETS.cache);
      assert.deepEqual(await fixture().found(), before);
      assert.equal(await fixture().openUploads(BUCKETS.cache), 1);
    });
    return;
  }

  it("replaces the CSV of another run of the same date, and an object that no export wrote", async () => {
    const run = await event("a-1");
    await fixture().put(BUCKETS.downstream, TARGET, "something", { Metadata: { rundate: "2027-01-01" } });
    assert.equal(await fixture().decision(run), "replaced: unknownTarget");
    const rebuilt = await event("a-2");
    assert.equal(await fixture().decision(rebuilt), "replaced: sameRunDate");
    await fixture().checkExported(rebuilt, TEXT);
  });

  it("writes a manifest file that is missing, also beside a later CSV", async () => {
    const run = await event("a-1");
    await fixture().answer(run);
    await fixture().remove(BUCKETS.downstream, MANIFEST_FILE);
    assert.equal(await fixture().decision(await event("older-1", "2026-11-01")), "kept: laterRunDate");
    await fixture().checkExported(run, TEXT);
  });
});
