import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS, lines } from "../../support/exportParts";
import { COMPLETE, expectedLines, MANIFEST_FILE, TARGET, UPLOAD_PART } from "../../support/exportWorld";
import { eachWithGlue, type GlueWorld, type JobArguments, jobAnswer, queryArguments } from "../../support/glueWorld";

const MIB = 1024 ** 2;
const SMALL = { UPLOAD_BYTES: 5 * MIB, COPY_BYTES: 12 * MIB };
const PUT = "PUT /{Bucket}/{Key+}";

describe("the export's Glue job, when others write or it is killed", () => {
  let world: GlueWorld;
  const parts = { a: lines(6 * MIB, 0) };
  const text = expectedLines(parts);

  eachWithGlue((opened) => (world = opened));

  const run = (runId: string, runDate = "2026-11-24") => world.lambda.parts(parts, { runId, runDate });
  const decisionOf = async (args: JobArguments, running = world.run(args, SMALL)) => {
    const { decision, reason } = jobAnswer(await running);
    return `${decision}: ${reason}`;
  };
  /** Starts a run, kills it as soon as a call of the operation waits, and sees that it ended so. */
  const killedAt = async (args: JobArguments, operation: string, when: (input: { Bucket?: unknown; Key?: unknown }) => boolean) => {
    const silence = world.lambda.cloud.faults.inject({ service: "s3", operation, kind: "silence", when });
    const killed = world.run(args, SMALL);
    await eventually(() => assert.ok(silence.injected > 0));
    await world.kill();
    assert.equal((await killed).error?.name, "STOPPED");
    silence.remove();
  };

  it("replaces an older run date and its own, keeps a later one and this very run", async () => {
    const [monday, tuesday] = [await run("k-1", "2026-11-23"), await run("k-1", "2026-11-24")];
    assert.equal(await decisionOf(queryArguments(monday)), "replaced: noTarget");
    assert.equal(await decisionOf(queryArguments(tuesday)), "replaced: olderRunDate");
    const again = jobAnswer(await world.run(queryArguments(tuesday)));
    const { decision, reason, parts: read, copied, uploaded, bytes } = again;
    assert.deepEqual([decision, reason, read, copied, uploaded, bytes], ["kept", "sameRun", 0, 0, 0, text.length + COLUMNS.length + 1]);
    const older = jobAnswer(await world.run(queryArguments(monday)));
    assert.deepEqual([older.decision, older.reason, older.manifest.runDate], ["kept", "laterRunDate", "2026-11-24"]);
    await world.lambda.checkExported(tuesday, text);
    const rebuilt = await run("k-2", "2026-11-24");
    assert.equal(await decisionOf(queryArguments(rebuilt)), "replaced: sameRunDate");
    await world.lambda.checkExported(rebuilt, text);
  });

  it("replaces an object that no export wrote", async () => {
    const event = await run("a-1");
    await world.lambda.put(BUCKETS.downstream, TARGET, "something", { Metadata: { rundate: "2027-01-01" } });
    assert.equal(await decisionOf(queryArguments(event)), "replaced: unknownTarget");
    await world.lambda.checkExported(event, text);
  });

  it("repairs a manifest file that is missing, or tells of another CSV", async () => {
    const event = await run("a-1");
    await world.run(queryArguments(event));
    await world.lambda.remove(BUCKETS.downstream, MANIFEST_FILE);
    assert.equal(await decisionOf(queryArguments(event)), "kept: sameRun");
    await world.lambda.checkExported(event, text);
    await world.lambda.put(BUCKETS.downstream, MANIFEST_FILE, JSON.stringify({ etag: "another" }));
    assert.equal(await decisionOf(queryArguments(await run("older-1", "2026-11-01"))), "kept: laterRunDate");
    await world.lambda.checkExported(event, text);
  });

  it("knows that it is done when nobody heard so", async () => {
    const event = await run("a-1");
    const lost = world.lambda.cloud.faults.inject({
      ...{ service: "s3", operation: COMPLETE, kind: "loseAnswer", to: 1, when: ({ Key }) => Key === TARGET },
    });
    assert.equal(await decisionOf(queryArguments(event)), "replaced: noTarget");
    assert.equal(lost.injected, 1);
    await world.lambda.checkExported(event, text);
  });

  for (const [where, bucket] of [
    ["while it makes the CSV in cache", BUCKETS.cache],
    ["while S3 copies it to the target", BUCKETS.downstream],
  ]) {
    it(`leaves the old CSV when it is killed ${where}, and exports the next time`, async () => {
      jobAnswer(await world.run(queryArguments(await run("old-1", "2026-11-20"))));
      const before = await world.lambda.found();
      const event = await run("a-1");
      await killedAt(queryArguments(event), UPLOAD_PART, ({ Bucket }) => Bucket === bucket);
      assert.deepEqual(await world.lambda.found(), before);
      for (const one of [BUCKETS.cache, BUCKETS.downstream]) assert.equal(await world.openUploads(one), one === bucket ? 1 : 0, one);
      assert.equal(await decisionOf(queryArguments(event)), "replaced: olderRunDate");
      assert.equal((await world.lambda.found())?.text, `${COLUMNS}\n${text}`);
    });
  }

  it("repairs what a run that was killed between CSV and manifest file left", async () => {
    jobAnswer(await world.run(queryArguments(await run("old-1", "2026-11-20"))));
    const event = await run("a-1");
    await killedAt(queryArguments(event), PUT, ({ Key }) => Key === MANIFEST_FILE);
    assert.equal((await world.lambda.found())?.metadata.runid, "a-1");
    assert.match((await world.lambda.found(MANIFEST_FILE))?.text ?? "", /"runId":"old-1"/);
    assert.equal(await decisionOf(queryArguments(event)), "kept: sameRun");
    await world.lambda.checkExported(event, text);
  });

  it("lets the later run date win when two export at once, whichever ends first", async () => {
    const [older, newer] = [await run("older-1", "2026-11-23"), await run("newer-1", "2026-11-24")];
    for (const slow of [older, newer]) {
      await world.lambda.remove(BUCKETS.downstream, TARGET);
      const fast = slow === older ? newer : older;
      const when = ({ Key }: { Key?: unknown }) => Key === TARGET;
      const silence = world.lambda.cloud.faults.inject({ service: "s3", operation: COMPLETE, kind: "silence", when });
      const [slowArgs, fastArgs] = [slow, fast].map(queryArguments);
      const slowly = decisionOf(slowArgs, world.runScript(slowArgs, SMALL));
      await eventually(() => assert.ok(silence.injected > 0));
      const quickly = decisionOf(fastArgs, world.runScript(fastArgs, SMALL));
      await eventually(() => assert.ok(silence.injected > 1));
      silence.remove();
      const decisions = [await slowly, await quickly];
      assert.ok(decisions.some((decision) => decision.startsWith("replaced")));
      await world.lambda.checkExported(newer, text);
    }
  });

  it("gives up on a target that changes again and again", async () => {
    const event = await run("a-1");
    const when = ({ Key }: { Key?: unknown }) => Key === TARGET;
    for (const [code, status] of [
      ["PreconditionFailed", 412],
      ["ConditionalRequestConflict", 409],
    ] as const) {
      const kind = new ServiceError(code, "it changed", status);
      const conflict = world.lambda.cloud.faults.inject({ service: "s3", operation: COMPLETE, kind, when });
      const { error } = await world.run(queryArguments(event), SMALL);
      assert.deepEqual(error, { name: "TargetChanged", message: `"${TARGET}" changed each of the 5 times that it was to be replaced` });
      assert.ok(conflict.injected >= 5);
      assert.equal(await world.lambda.openUploads(), 0);
      assert.equal(await world.lambda.found(), undefined);
      conflict.remove();
    }
    const once = new ServiceError("PreconditionFailed", "it changed", 412);
    world.lambda.cloud.faults.inject({ service: "s3", operation: COMPLETE, kind: once, to: 1, when });
    assert.equal(await decisionOf(queryArguments(event)), "replaced: noTarget");
    await world.lambda.checkExported(event, text);
  });
});
