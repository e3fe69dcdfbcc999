import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { s3 as s3Service } from "@c360/local-aws";
import { planProduction } from "../../../local/interactions/production";
import type { Interaction } from "../../../local/interactions/table";
import type { PipelineOutput } from "../../../local/pipelineRun";
import { compareExport, type ExportSettings } from "../../../local/reconciliation/export";
import type { TableRow } from "../../../local/reconciliation/exportedFiles";
import { withCloud, type TestCloud } from "@c360/local-aws/testing";
import { putParquet } from "../../support/exported";
import { tableOf } from "../../support/interactions";
import { trained } from "../../support/report";

const COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];
const LOCATIONS = { lake: "lake", downstream: "downstream", table: "t200/", csv: "in.csv", manifest: "in.manifest.json" };
const PARTITION = `${LOCATIONS.table}dt=2026-11-25/run=abc-1/`;

const row = (userId: string, itemId: string, timestamp: number, eventType: string): Interaction => ({
  ...{ userId, itemId, timestamp, eventType },
});
/** Three rows of history, one of them twice, and two live ones, of which one is in the history too. */
const ROWS = [row("a", "i,1", 1, "watch"), row("b", 'i"2', 2, "click"), row("a", "i,1", 1, "watch")];
const LIVE = [row("b", 'i"2', 2, "click"), row("\uFEFFü", "9007199254740993", 3, "watch")];
const TABLE: TableRow[] = [
  { ...ROWS[0], streamed: false },
  { ...ROWS[1], streamed: true },
  { ...LIVE[1], streamed: true },
];
const LINES = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", 'a,"i,1",1,watch', 'b,"i""2",2,click', "\uFEFFü,9007199254740993,3,watch"];
const COUNTS: PipelineOutput["counts"] = {
  rowsIn: 5,
  leftOut: { duplicate: 2 },
  table: { rows: 3, users: 3, items: 3 },
  csv: { rows: 3, users: 3, items: 3, repeatUsers: 0, bytes: 0 },
};
const OUTPUT: PipelineOutput = { runId: "abc-1", runDate: "2026-11-25", engine: "lambda", counts: COUNTS, training: trained("updated") };

describe("the reconciliation of the export", () => {
  let cloud: TestCloud;
  let s3: S3Client;
  before(async () => {
    cloud = await withCloud([s3Service]);
    s3 = new S3Client(cloud.client);
    for (const bucket of ["lake", "downstream"]) {
      await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:pulumi:test::test::aws:s3/bucket:Bucket::${bucket}`);
    }
  });
  after(async () => {
    s3.destroy();
    await cloud.stop();
  });

  const production = planProduction(tableOf([...ROWS, ...LIVE]), { split: "time", liveShare: 0.4, seed: 1, poison: 0 });
  const compare = (settings: Partial<ExportSettings> = {}, output = OUTPUT) =>
    compareExport({
      ...{ production, s3, locations: LOCATIONS, output },
      settings: { streamedEvents: "include", interactionColumns: COLUMNS, ...settings },
    });
  const putTable = (rows: TableRow[], name = "part") => putParquet(s3, "lake", `${PARTITION}${name}`, rows);

  /** Puts the CSV and its manifest as the export does. */
  async function putCsv(lines: readonly string[], totals: object = { rows: 3, users: 3, items: 3 }, changes: object = {}): Promise<string> {
    const Body = `${lines.join("\n")}\n`;
    const bytes = Buffer.byteLength(Body);
    const manifest = { runId: "abc-1", runDate: "2026-11-25", ...totals, bytes, columns: lines[0], ...changes };
    const Metadata = Object.fromEntries(Object.entries(manifest).map(([name, value]) => [name.toLowerCase(), String(value)]));
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket: "downstream", Key: LOCATIONS.csv, Body, Metadata }));
    const file = JSON.stringify({ ...manifest, etag: ETag });
    await s3.send(new PutObjectCommand({ Bucket: "downstream", Key: LOCATIONS.manifest, Body: file }));
    return Body;
  }
  const checks = (problems: { check: string; actual: unknown }[]) => problems.map(({ check, actual }) => [check, actual]);

  it("finds what must be there", async () => {
    await putTable(TABLE.slice(0, 1), "one");
    await putTable(TABLE.slice(1), "two");
    await s3.send(new PutObjectCommand({ Bucket: "lake", Key: `${PARTITION}_hidden`, Body: "no parquet" }));
    const text = await putCsv(LINES);
    const { export: found, problems } = await compare();
    assert.deepEqual(problems, []);
    const { manifest, ...rest } = found;
    const totals = { rows: 3, users: 3, items: 3 };
    assert.deepEqual(rest, {
      ...{ engine: "lambda", rowsIn: 5, leftOut: { duplicate: 2 }, expected: totals, table: totals },
      csv: { ...totals, bytes: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex"), head: LINES },
    });
    assert.deepEqual(Object.keys(manifest), ["runId", "runDate", "rows", "users", "items", "bytes", "columns", "etag"]);
  });

  it("names rows that are missing or unexpected, a row that is there twice among them", async () => {
    await putTable(
      [TABLE[0], TABLE[0], row("c", "i", 1, "watch") as TableRow].map((one) => ({ ...one, streamed: false })),
      "one",
    );
    await putTable([{ ...TABLE[1], streamed: false }], "two");
    await putCsv([LINES[0], LINES[1], LINES[2], LINES[2], "\uFEFFü,9007199254740992,3,watch"]);
    const { export: found, problems } = await compare();
    assert.deepEqual(
      problems.map(({ check, actual, examples }) => [check, typeof actual === "number" ? actual : "-", examples.slice(0, 2)]),
      [
        ["export.table.missing", 1, ['["\uFEFFü","9007199254740993",3,"watch"]']],
        ["export.table.unexpected", 2, ['["a","i,1",1,"watch"]', '["c","i",1,"watch"]']],
        ["export.table.streamed", 1, ['["b","i\\"2",2,"click"] must have true, got false']],
        ["export.csv.missing", 1, ['["\uFEFFü","9007199254740993",3,"watch"]']],
        ["export.csv.unexpected", 2, ['["b","i\\"2",2,"click"]', '["\uFEFFü","9007199254740992",3,"watch"]']],
        ["export.manifest", "-", ["the manifest must have rows 4, got 3", "the object's metadata must have rows 4, got 3"]],
        ["export.counts", "-", []],
      ],
    );
    assert.deepEqual(found.table, { rows: 4, users: 3, items: 3 });
  });

  it("names another header, needless quotes and rows that are none", async () => {
    await putTable(TABLE.slice(0, 1), "one");
    await putTable(TABLE.slice(1), "two");
    await putCsv(["USER_ID,ITEM_ID,TIMESTAMP,TYPE", LINES[1], LINES[2], '"\uFEFFü",9007199254740993,03,watch']);
    const { problems } = await compare();
    assert.deepEqual(
      problems.map(({ check }) => check),
      ["export.csv.missing", "export.csv.unexpected", "export.csv.header", "export.csv.bytes"],
    );
    assert.deepEqual(problems[1].examples, ['["\uFEFFü","9007199254740993",null,"watch"]']);
    assert.deepEqual([problems[2].expected, problems[2].actual], [COLUMNS, ["USER_ID", "ITEM_ID", "TIMESTAMP", "TYPE"]]);
  });

  it("expects no streamed row when these stay out, and no event type when the columns have none", async () => {
    await putCsv(LINES.slice(0, 2), { rows: 1, users: 1, items: 1 });
    const counts = { ...COUNTS, csv: { ...COUNTS.csv, rows: 1, users: 1, items: 1 } };
    assert.deepEqual((await compare({ streamedEvents: "exclude" }, { ...OUTPUT, counts })).problems, []);
    await putCsv(LINES.map((line) => line.replace(/,[^,]*$/, "")));
    assert.deepEqual((await compare({ interactionColumns: COLUMNS.slice(0, 3) })).problems, []);
  });

  it("names a manifest of another run, its own counts that differ, and what is not there", async () => {
    await putCsv(LINES, {}, { rows: 3, users: 3, items: 3, runId: "abd-1" });
    const counts = { ...COUNTS, rowsIn: 6, leftOut: { duplicate: 3 } };
    const { problems } = await compare({}, { ...OUTPUT, counts });
    assert.deepEqual(
      problems.map(({ check, examples }) => [check, examples]),
      [
        ["export.manifest", ["the manifest must have runid abc-1, got abd-1", "the object's metadata must have runid abc-1, got abd-1"]],
        ["export.rowsIn", []],
        ["export.leftOut", []],
      ],
    );
    for (const Key of [LOCATIONS.csv, LOCATIONS.manifest]) await s3.send(new DeleteObjectCommand({ Bucket: "downstream", Key }));
    const gone = await compare();
    assert.deepEqual(checks(gone.problems.slice(0, 2)), [
      ["export.csv.missing", 3],
      ["export.csv.header", []],
    ]);
    assert.equal(gone.problems[2].examples[0], "the manifest is missing");
    assert.deepEqual(gone.export.csv, { rows: 0, users: 0, items: 0, bytes: 0, sha256: "", head: [] });
  });

  it("tells a manifest with another etag", async () => {
    await putCsv(LINES);
    const { export: found } = await compare();
    const file = JSON.stringify({ ...found.manifest, etag: '"other"' });
    await s3.send(new PutObjectCommand({ Bucket: "downstream", Key: LOCATIONS.manifest, Body: file }));
    const [{ check, examples }] = (await compare()).problems;
    assert.equal(check, "export.manifest");
    assert.match(examples[0], /^the manifest must have etag [0-9a-f]{32}, got other$/);
  });
});
