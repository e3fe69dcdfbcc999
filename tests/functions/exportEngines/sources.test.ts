import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { SourceEvent } from "../../../functions/exportInteractions/event";
import { BUCKETS } from "../../support/deployedExports";
import { describeEngines } from "../../support/exportEngines";
import { RUN } from "../../support/exportFixture";
import { COLUMNS } from "../../support/exportParts";

const SOURCE = { prefix: "crm/interactions/", header: "user_id,item_id,timestamp,event_type" };
const DAY = `${SOURCE.prefix}dt=2026-11-24/`;
const QUOTAS = { leastRows: 3, leastRepeatUsers: 1, leastRepeatPercent: 0, mostEventTypes: 10 };
const EVENT: SourceEvent = { ...RUN, source: `s3://${BUCKETS.lake}/${DAY}`, ...QUOTAS };
const STAGED = "recommender/inflated/";

describeEngines(
  "of parts of another pipeline",
  ({ name, fixture }) => {
    const put = (parts: Record<string, string | Buffer>) =>
      fixture().putAll(
        BUCKETS.lake,
        Object.entries(parts).map(([key, content]) => [`${DAY}${key}`, content]),
      );

    it("joins and counts all parts of a day in the order of their keys, but hidden ones", async () => {
      await put({
        "b/part-2": "u2,i2,1700000003,watch\r\nu3,i3,1700000004,watch",
        "b/part-1.gz": gzipSync(`${SOURCE.header}\nu1,i1,1700000001,watch\n"u,1",i1,1700000002,watch\n`),
        "a.gz": gzipSync("🎬,i4,1700000000,watch"),
        "c.gz": gzipSync(`${SOURCE.header}\r\n`),
        ...{ "d/empty": "", "d/empty.gz": "" },
        ...{ _SUCCESS: "", ".part.crc": "x", "b/": "", "d/_temporary": "x", "_temporary/0/part-0": "x", "d/.staging/part": "x" },
      });
      await fixture().put(BUCKETS.lake, `${SOURCE.prefix}dt=2026-11-25/part.gz`, "of another day");
      const { decision, reason, parts, manifest } = await fixture().answer({ ...EVENT, leastRepeatUsers: 0 });
      assert.deepEqual([decision, reason, parts], ["replaced", "noTarget", 6]);
      const counts = { rows: 5, users: 5, items: 4 };
      const { rows, users, items } = manifest;
      assert.deepEqual({ rows, users, items }, counts);
      const lines = [
        "🎬,i4,1700000000,watch\n",
        'u1,i1,1700000001,watch\n"u,1",i1,1700000002,watch\n',
        "u2,i2,1700000003,watch\nu3,i3,1700000004,watch\n",
      ];
      await fixture().checkExported({ ...EVENT, ...counts }, lines.join(""));
    });

    it("names the first bad row", async () => {
      const good = "u1,i1,1700000001,watch\n";
      await put({ "a.gz": gzipSync(good), "b.gz": gzipSync(`${SOURCE.header}\n${good}u1,i1,17e8,watch\nu\n`) });
      const rule = "must have a TIMESTAMP in whole seconds from 1 to 99999999999, not in milliseconds";
      await fixture().checkFails(EVENT, "BadRow", `Part "s3://${BUCKETS.lake}/${DAY}b.gz": line 3 ${rule}, got "17e8"`);
    });

    it("refuses a day without parts, with too few rows, or with too few users with two", async () => {
      await fixture().checkFails(EVENT, "NoParts", `There is no part below "${EVENT.source}"`);
      await put({ a: "u,i,1,watch\nu,j,2,watch\nv,j,2,watch\n" });
      const found = "run date 2026-11-24 has 3 rows and 1 such users";
      for (const [leastRows, leastRepeatUsers] of [
        [4, 1],
        [3, 2],
      ]) {
        const needs = `Personalize needs ${leastRows} rows and ${leastRepeatUsers} users with 2 or more`;
        await fixture().checkFails({ ...EVENT, leastRows, leastRepeatUsers }, "TooFewInteractions", `${needs}, ${found}`);
      }
    });

    it("refuses what Personalize would not train on", async () => {
      await put({ a: "u,i,1,watch\nu,j,2,buy\n", b: "v,j,2,share\n" });
      const exact = { ...EVENT, leastRepeatPercent: 50, mostEventTypes: 3 };
      const few = "Personalize needs 2 or more rows of at least 51% of the users, run date 2026-11-24 has 1 such users of 2";
      await fixture().checkFails({ ...exact, leastRepeatPercent: 51 }, "TooFewRepeatUsers", few);
      const many = "Personalize takes at most 2 event types and optional columns together, run date 2026-11-24 has 3 event types";
      await fixture().checkFails({ ...exact, mostEventTypes: 2 }, "TooManyEventTypes", many);
      assert.equal((await fixture().answer(exact)).decision, "replaced");
    });

    it("refuses a day that has lost more rows than it may, also where its run date is made again", async () => {
      const day = (rows: number) => Array.from({ length: rows }, (_, i) => `u,i${i},1,watch\n`).join("");
      await put({ a: day(10) });
      await fixture().answer(EVENT);
      const again = { ...EVENT, runId: "0123456789ab-2" };
      await put({ a: day(7) });
      const found = "it has 10 rows of run date 2026-11-24, the new one would have 7";
      const todo = "restore what is missing and start again with rebuild: true, or accept it with acceptShrink: true";
      const message = `The CSV must not lose more than 0.2 of its rows (pipeline.maxShrink), ${found}: ${todo}`;
      await fixture().checkFails(again, "CsvShrank", message);
      assert.equal((await fixture().answer({ ...again, maxShrink: 1 })).manifest.rows, 7);
      await put({ a: day(6) });
      assert.equal((await fixture().answer({ ...again, runId: "0123456789ab-3" })).manifest.rows, 6);
    });

    if (name === "glue") return;

    it("refuses a header that the source is not said to have", async () => {
      await put({ a: `${COLUMNS}\nu1,i1,1700000001,watch\n` });
      const rule = 'must have a TIMESTAMP in whole seconds from 1 to 99999999999, not in milliseconds, got "TIMESTAMP"';
      await fixture().checkFails(EVENT, "BadRow", `Part "s3://${BUCKETS.lake}/${DAY}a": line 1 ${rule}`);
    });

    it("refuses input that the pipeline does not send", async () => {
      const other = `s3://${BUCKETS.lake}/crm/other/`;
      const rule = `every part must lie below s3://${BUCKETS.lake}/${SOURCE.prefix}, got "${other}"`;
      await fixture().checkFails({ ...EVENT, source: other }, "StrayPart", `exportInteractions: source: ${rule}`);
      for (const [key, value, wants] of [
        ["source", "s3://b/no-slash", "an s3:// address that ends with a slash"],
        ["leastRows", "3", "a whole number from 0"],
        ["leastRepeatUsers", -1, "a whole number from 0"],
        ["maxShrink", 2, "a share from 0 to 1"],
      ] as const) {
        const message = `exportInteractions: ${key} must be ${wants}, got ${JSON.stringify(value)}`;
        await fixture().checkFails({ ...EVENT, [key]: value }, "BadInput", message);
      }
    });

    it("counts each row once over several invocations, and again when a part changes", async () => {
      const long = "i".repeat(240);
      const rows = (user: string) =>
        Array.from({ length: 65_000 }, (_, i) => `${user}${i},${long}${user}${i},${1_700_000_000 + i},watch\n`).join("");
      const [a, b] = [rows("a"), rows("b")];
      assert.ok(a.length > 16 * 1024 ** 2);
      await put({ a, b, "c.gz": gzipSync("a0,i,1,watch\n") });
      const { answer } = await fixture().run(EVENT, { milliseconds: 10_000 });
      assert.deepEqual(answer, { decision: "unfinished", inflated: 3, of: 3 });
      const staged = await fixture().keys(BUCKETS.cache, STAGED);
      assert.deepEqual(staged.map((key) => key.split(".")[1]).sort(), ["csv", "csv", "csv", "json", "json", "json"]);
      await put({ "c.gz": gzipSync("b0,i,2,watch\nb0,i,3,watch\n") });
      await fixture().answer(EVENT);
      const counts = { rows: 130_002, users: 130_000, items: 130_001 };
      await fixture().checkExported({ ...EVENT, ...counts }, `${a}${b}b0,i,2,watch\nb0,i,3,watch\n`);
      assert.equal((await fixture().keys(BUCKETS.cache, STAGED)).length, staged.length + 2);
    });

    it("joins more parts than a page of a listing has", async () => {
      const line = (i: number) => `u${i % 7},i${i},${1_700_000_000 + i},watch\n`;
      const names = Array.from({ length: 1001 }, (_, i) => `part-${String(i).padStart(4, "0")}`);
      await put(Object.fromEntries(names.map((one, i) => [one, line(i)])));
      assert.equal((await fixture().answer(EVENT)).parts, 1001);
      await fixture().checkExported({ ...EVENT, rows: 1001, users: 7, items: 1001 }, names.map((_, i) => line(i)).join(""));
    });
  },
  SOURCE,
);
