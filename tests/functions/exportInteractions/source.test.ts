import * as assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { SourceEvent } from "../../../functions/exportInteractions/event";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS } from "../../support/exportParts";
import { answerOf, eachWithExport, type ExportWorld } from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const SOURCE = { prefix: "crm/interactions/", header: "user_id,item_id,timestamp,event_type" };
const DAY = `${SOURCE.prefix}dt=2026-11-24/`;
const EVENT: SourceEvent = {
  ...{ runId: "0123456789ab-1", runDate: "2026-11-24", source: `s3://${BUCKETS.lake}/${DAY}` },
  ...{ leastRows: 3, leastRepeatUsers: 1 },
};
const WORK = "recommender/inflated/";

describe("the export of somebody else's parts", () => {
  let world: ExportWorld;
  let exporter: SerializedFunction;

  eachWithExport((...opened) => ([world, exporter] = opened), SOURCE);

  const put = async (parts: Record<string, string | Buffer>) => {
    for (const [name, content] of Object.entries(parts)) await world.put(BUCKETS.lake, `${DAY}${name}`, content);
  };
  const checkExported = async (lines: string, counts: Record<"rows" | "users" | "items", number>) => {
    await world.checkExported({ ...EVENT, manifest: "", bytes: Buffer.byteLength(lines), ...counts }, lines);
  };
  const checkFails = async (event: SourceEvent, error: { name: string; message: string }) => {
    assert.deepEqual((await exporter.invoke(event)).error, error);
    assert.equal(await world.found(), undefined);
    assert.equal(await world.openUploads(), 0);
  };

  it("takes all of a day, gzip and plain, in the order of the keys, and counts it", async () => {
    await put({
      "b/part-2": "u2,i2,1700000003,watch\r\nu3,i3,1700000004,watch",
      "b/part-1.gz": gzipSync(`${SOURCE.header}\nu1,i1,1700000001,watch\n"u,1",i1,1700000002,watch\n`),
      "a.gz": gzipSync("u1,i4,1700000000,watch"),
      "c.gz": gzipSync(`${SOURCE.header}\r\n`),
      ...{
        _SUCCESS: "",
        ".part.crc": "x",
        "b/": "",
        "d/_temporary": "x",
        "_temporary/0/part-0": "x",
        "d/.staging/part": "x",
        "d/empty": "",
      },
    });
    await world.put(BUCKETS.lake, `${SOURCE.prefix}dt=2026-11-25/part.gz`, "of another day");
    const { decision, reason, parts, manifest } = answerOf(await exporter.invoke(EVENT));
    assert.deepEqual([decision, reason, parts], ["replaced", "noTarget", 5]);
    assert.deepEqual([manifest.rows, manifest.users, manifest.items], [5, 4, 4]);
    const lines = [
      "u1,i4,1700000000,watch\n",
      'u1,i1,1700000001,watch\n"u,1",i1,1700000002,watch\n',
      "u2,i2,1700000003,watch\nu3,i3,1700000004,watch\n",
    ];
    await checkExported(lines.join(""), { rows: 5, users: 4, items: 4 });
  });

  it("takes more parts than a listing's page has", async () => {
    const line = (i: number) => `u${i % 7},i${i},${1_700_000_000 + i},watch\n`;
    const names = Array.from({ length: 1001 }, (_, i) => `part-${String(i).padStart(4, "0")}.gz`);
    await Promise.all(names.map((name, i) => world.put(BUCKETS.lake, `${DAY}${name}`, gzipSync(line(i)))));
    assert.equal(answerOf(await exporter.invoke(EVENT)).parts, 1001);
    await checkExported(names.map((_, i) => line(i)).join(""), { rows: 1001, users: 7, items: 1001 });
  });

  it("names the first row that Personalize would not take, and keeps nothing of it", async () => {
    const good = "u1,i1,1700000001,watch\n";
    await put({ "a.gz": gzipSync(good), "b.gz": gzipSync(`${SOURCE.header}\n${good}u1,i1,17e8,watch\n`) });
    const uri = `s3://${BUCKETS.lake}/${DAY}b.gz`;
    await checkFails(EVENT, {
      name: "BadRow",
      message: `Part "${uri}": line 3 must have a TIMESTAMP in whole seconds above 0, got "17e8"`,
    });
    await put({ "b.gz": gzipSync(`${COLUMNS}\n${good}`) });
    await checkFails(EVENT, {
      name: "BadRow",
      message: `Part "${uri}": line 1 must have a TIMESTAMP in whole seconds above 0, got "TIMESTAMP"`,
    });
  });

  it("refuses what is too little for Personalize, and a day that is not there", async () => {
    await checkFails(EVENT, { name: "NoParts", message: `There is no part below "${EVENT.source}"` });
    await put({ "a.gz": gzipSync("u1,i1,1700000001,watch\nu2,i1,1700000001,watch\n") });
    const needs = "Personalize needs 3 rows and 1 users with 2 or more";
    await checkFails(EVENT, { name: "TooFewInteractions", message: `${needs}, run date 2026-11-24 has 2 rows and 0 such users` });
    const other = `s3://${BUCKETS.lake}/crm/other/`;
    const rule = `every part must lie below s3://${BUCKETS.lake}/${SOURCE.prefix}, got "${other}"`;
    await checkFails({ ...EVENT, source: other }, { name: "StrayPart", message: `exportInteractions: source: ${rule}` });
    for (const [key, value, wants] of [
      ["source", "s3://b/no-slash", "an s3:// address that ends with a slash"],
      ["leastRows", "3", "a whole number from 0"],
      ["leastRepeatUsers", -1, "a whole number from 0"],
    ] as const) {
      const message = `exportInteractions: ${key} must be ${wants}, got ${JSON.stringify(value)}`;
      await checkFails({ ...EVENT, [key]: value }, { name: "BadInput", message });
    }
  });

  it("counts each row once over several invocations, and again when a part changes", async () => {
    const rows = (user: string) =>
      Array.from({ length: 50_000 }, (_, i) => `${user}${i},${randomBytes(180).toString("base64")},${1_700_000_000 + i},watch\n`).join("");
    const [a, b] = [rows("a"), rows("b")];
    await put({ "a.gz": gzipSync(a, { level: 1 }), "b.gz": gzipSync(b, { level: 1 }), "c.gz": gzipSync("a0,i,1,watch\n") });
    assert.deepEqual(await exporter.invoke(EVENT, 10_000), { result: { decision: "unfinished", inflated: 2, of: 2 } });
    const made = await world.keys(BUCKETS.cache, WORK);
    assert.deepEqual(made.map((key) => key.split(".")[1]).sort(), ["csv", "csv", "json", "json"]);
    await put({ "c.gz": gzipSync("b0,i,2,watch\nb0,i,3,watch\n") });
    answerOf(await exporter.invoke(EVENT));
    await checkExported(`${a}${b}b0,i,2,watch\nb0,i,3,watch\n`, { rows: 100_002, users: 100_000, items: 100_001 });
    assert.equal((await world.keys(BUCKETS.cache, WORK)).length, made.length + 2);
  });
});
