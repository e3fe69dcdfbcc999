import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import { BUCKETS, DeployedPipeline, INPUT, MANIFEST } from "../support/deployedPipeline";
import { historyFile, enoughRows, eventLine, NOON, sortedLines } from "@c360/local-aws/testing";

const DAY = "2026-01-31";
const WORK = [
  ...["FindPartition", "CheckHistory", "BuildInteractions", "PublishPartition"],
  ...["CountInteractions", "ReadCounts", "CheckMinimum", "WriteParts", "Export", "CheckExport"],
  ...["BeginImport", "Import", "DescribeImport", "CheckImport", "WaitForImport", "SkipTraining", "Record"],
  ...["ListRuns", "FindSuperseded", "Done"],
];

describe("a run of the pipeline", () => {
  let world: DeployedPipeline;
  beforeEach(async () => {
    world = await DeployedPipeline.open();
    await world.drop(historyFile(enoughRows()));
  });
  afterEach(() => world.close());

  it("brings history and events to one CSV, with its manifest", async () => {
    await world.deliver("2026/01/31/13", [
      eventLine("u1", [{ item: "live", at: NOON + 3600 }]),
      eventLine("u2", [{ item: "a,b", at: NOON + 3601 }]),
      "{ not JSON",
      eventLine("u3", [{ item: "i3", at: NOON - 3 }]),
      eventLine("u3", [{ item: "i9", at: NOON, type: "impression" }]),
    ]);
    const { status, output, states } = await world.run({ runDate: DAY, runKey: "first" });
    assert.equal(status, "SUCCEEDED");
    assert.deepEqual([...new Set(states.slice(states.indexOf("FindPartition")))], WORK);
    assert.deepEqual(output.counts, {
      rowsIn: 1005,
      leftOut: { badJson: 1, duplicate: 1, uncountedEventType: 1 },
      table: { rows: 1002, users: 25, items: 42 },
      csv: { rows: 1002, users: 25, items: 42, repeatUsers: 25, bytes: output.counts.csv.bytes },
    });

    const { text = "", etag, metadata } = (await world.object(BUCKETS.downstream, INPUT)) ?? {};
    const expected = [...enoughRows().map((row) => row.join(",")), `u1,live,${NOON + 3600},watch`, `u2,"a,b",${NOON + 3601},watch`];
    assert.equal(text.split("\n")[0], "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE");
    assert.deepEqual(sortedLines(text), expected.sort());
    const manifest = { runId: output.runId, runDate: DAY, rows: 1002, users: 25, items: 42, bytes: Buffer.byteLength(text) };
    const columns = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";
    const asText = Object.entries({ ...manifest, columns }).map(([key, value]) => [key.toLowerCase(), String(value)]);
    assert.deepEqual(metadata, Object.fromEntries(asText));
    const file = JSON.parse((await world.object(BUCKETS.downstream, MANIFEST))?.text ?? "") as { etag: string; columns: unknown };
    assert.deepEqual(
      { ...file, columns: String(file.columns), etag: file.etag.replaceAll('"', "") },
      { ...manifest, columns, etag: etag?.replaceAll('"', "") },
    );
  });

  it("is done once when it is started twice with one run key", async () => {
    const first = await world.start({ runDate: DAY, runKey: "once" });
    const second = await world.start({ runDate: DAY, runKey: "once" });
    const [one, two] = [await world.end(first), await world.end(second)];
    assert.deepEqual([one.status, two.status], ["SUCCEEDED", "SUCCEEDED"]);
    assert.equal(one.output.runId, two.output.runId);
    assert.ok(!two.states.includes("BuildInteractions"));
    assert.deepEqual([one.output.export.decision, two.output.export.decision], ["replaced", "kept"]);
    assert.deepEqual(await world.runs(DAY), [one.output.runId]);
  });

  it("waits until the one before it has ended", async () => {
    const [first, second] = [await world.start({ runDate: DAY, runKey: "a" }), await world.start({ runDate: DAY, runKey: "b" })];
    const [one, two] = [await world.end(first), await world.end(second)];
    assert.deepEqual([one.status, two.status], ["SUCCEEDED", "SUCCEEDED"]);
    assert.ok(one.states.filter((state) => state === "WaitForLock").length < two.states.filter((state) => state === "WaitForLock").length);
    assert.equal((await world.object(BUCKETS.downstream, INPUT))?.metadata.runid, two.output.runId);
  });

  it("is made again when that is asked for", async () => {
    const one = await world.run({ runDate: DAY, runKey: "again" });
    const two = await world.run({ runDate: DAY, runKey: "again", rebuild: true });
    const [hashes, own] = [0, 1].map((part) => [one, two].map(({ output }) => output.runId.split("-")[part]));
    assert.equal(hashes[0], hashes[1]);
    assert.notEqual(own[0], own[1]);
    assert.equal(two.output.export.decision, "replaced");
    assert.ok(two.states.includes("NextImport"));
  });

  it("of an older date after a newer one builds the table and leaves the CSV", async () => {
    await world.deliver("2026/01/31/13", [eventLine("u1", [{ item: "live", at: NOON }])]);
    const newer = await world.run({ runDate: DAY });
    const before = await world.object(BUCKETS.downstream, INPUT);
    const older = await world.run({ runDate: "2026-01-30" });
    assert.deepEqual([older.status, older.output.counts.table.rows], ["SUCCEEDED", 1000]);
    assert.deepEqual([older.output.export.decision, older.output.export.reason], ["kept", "laterRunDate"]);
    assert.deepEqual(await world.object(BUCKETS.downstream, INPUT), before);
    assert.equal((await world.partition("2026-01-30"))?.Parameters?.runId, older.output.runId);
    assert.equal(before?.metadata.runid, newer.output.runId);
  });

  it("replaces the run before it on the same date, and keeps two that it superseded", async () => {
    const ids: string[] = [];
    for (const runKey of ["a", "b", "c", "d"]) ids.push((await world.run({ runDate: DAY, runKey })).output.runId);
    const partition = await world.partition(DAY);
    assert.equal(partition?.Parameters?.runId, ids[3]);
    assert.equal(partition?.Parameters?.superseded, `${ids[2]},${ids[1]}`);
    assert.equal(
      partition?.StorageDescriptor?.Location,
      `s3://lake/crm_derived_restricted/t200_dashboard_interaction/dt=${DAY}/run=${ids[3]}/`,
    );
    assert.deepEqual(await world.runs(DAY), ids.slice(1).sort());
  });

  it("takes the events of its day to the last hour, however late they came, and none of the next", async () => {
    await world.run({ runDate: DAY, runKey: "early" });
    await world.deliver("2026/01/31/23", [eventLine("u1", [{ item: "late", at: NOON }])]);
    await world.deliver("2026/02/01/00", [eventLine("u1", [{ item: "tomorrow", at: NOON }])]);
    const { output } = await world.run({ runDate: DAY, runKey: "later" });
    assert.equal(output.counts.table.rows, 1001);
    const { text = "" } = (await world.object(BUCKETS.downstream, INPUT)) ?? {};
    assert.ok(text.includes(`u1,late,${NOON},watch\n`));
    assert.ok(!text.includes("tomorrow"));
  });

  it("mends the manifest that a run before it left missing", async () => {
    const putManifest = { service: "s3", operation: "PUT /{Bucket}/{Key+}", when: ({ Key }: Record<string, unknown>) => Key === MANIFEST };
    const fault = world.fail({ ...putManifest, kind: new ServiceError("AccessDenied", "no", 403) });
    const failed = await world.run({ runDate: DAY, runKey: "k" });
    assert.equal(failed.status, "FAILED");
    assert.match(failed.cause ?? "", / - The CSV is complete: the old one, or already the new one\. /);
    assert.match((await world.object(BUCKETS.downstream, INPUT))?.text ?? "", /^USER_ID,/);
    fault.remove();
    assert.equal(await world.object(BUCKETS.downstream, MANIFEST), undefined);
    const { status, output } = await world.run({ runDate: DAY, runKey: "k" });
    assert.deepEqual([status, output.export.decision, output.export.reason], ["SUCCEEDED", "kept", "sameRun"]);
    const file = JSON.parse((await world.object(BUCKETS.downstream, MANIFEST))?.text ?? "") as { runId: string };
    assert.equal(file.runId, output.runId);
  });
});
