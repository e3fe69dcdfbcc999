import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS } from "../../support/exportParts";
import { eachWithGlue, type GlueWorld, jobAnswer, SOURCE, sourceArguments } from "../../support/glueWorld";

const DAY = `${SOURCE.prefix}dt=2026-11-24/`;

describe("the export's Glue job, with a source's parts", () => {
  let world: GlueWorld;

  eachWithGlue((opened) => (world = opened), SOURCE);

  const put = async (objects: Record<string, string | Buffer>) => {
    for (const [key, content] of Object.entries(objects)) await world.lambda.put(BUCKETS.lake, `${DAY}${key}`, content);
  };
  const checkCounts = async (expected: { rows: number; users: number; items: number; parts: number }, lines: string) => {
    const { parts, ...counts } = expected;
    const answer = jobAnswer(await world.run(sourceArguments()));
    assert.equal(answer.parts, parts);
    const bytes = Buffer.byteLength(lines) + COLUMNS.length + 1;
    const run = { runId: "0123456789ab-1", runDate: "2026-11-24" };
    assert.deepEqual(answer.manifest, { ...run, ...counts, bytes, columns: COLUMNS.split(",") });
    await world.lambda.checkExported({ ...run, manifest: "", ...counts, bytes: bytes - COLUMNS.length - 1 }, lines);
  };
  const checkRefused = async (changes: Record<string, string>, name: string, message: string) => {
    const { error } = await world.run(sourceArguments(changes));
    assert.deepEqual(error, { name, message });
    assert.equal(await world.lambda.found(), undefined);
    assert.equal(await world.lambda.openUploads(), 0);
  };

  it("counts the rows of all parts in order of their keys, but of hidden ones", async () => {
    await put({
      "b.csv.gz": gzipSync(`${COLUMNS}\nu,i,1,watch\n"v","j",2,"like"\n`),
      "a/nested.csv": `${COLUMNS}\r\n"u",k,3,watch\r\nw,"a,""b",4,watch`,
      "a/empty.gz": "",
      c: "🎬,i,5,watch\n",
      _SUCCESS: "done",
      "_temporary/0/part": "of a job that did not end",
      "a/.crc": "x",
      "folder/": "",
    });
    await world.lambda.put(BUCKETS.lake, `${SOURCE.prefix}dt=2026-11-25/later.csv`, "bad");
    await checkCounts(
      { rows: 5, users: 4, items: 4, parts: 4 },
      'u,k,3,watch\nw,"a,""b",4,watch\nu,i,1,watch\n"v","j",2,"like"\n🎬,i,5,watch\n'.replace("u,k", '"u",k'),
    );
  });

  it("reads every page of a listing", async function () {
    const names = Array.from({ length: 1001 }, (_, i) => `part-${String(i).padStart(4, "0")}.csv`);
    const row = (i: number) => `u${i % 500},i${i},${i + 1},watch\n`;
    for (let from = 0; from < names.length; from += 50) {
      await Promise.all(names.slice(from, from + 50).map((name, i) => put({ [name]: row(from + i) })));
    }
    await checkCounts({ rows: 1001, users: 500, items: 1001, parts: 1001 }, names.map((_, i) => row(i)).join(""));
  });

  it("takes another header line of the source's", async () => {
    await put({ a: "user,item,at,kind\nu,i,1,watch\nu,j,2,watch\nu,k,3,watch\n" });
    jobAnswer(await world.run(sourceArguments({ header: "user,item,at,kind" })));
    assert.equal((await world.lambda.found())?.text, `${COLUMNS}\nu,i,1,watch\nu,j,2,watch\nu,k,3,watch\n`);
  });

  it("names the first bad row of a part", async () => {
    await put({ a: "u,i,1,watch\n", "b.gz": gzipSync(`${COLUMNS}\nu,i,1,watch\nu,,2,watch\nu\n`) });
    const rule = "have a ITEM_ID of 1 to 256 characters without control characters";
    await checkRefused({}, "BadRow", `Part "s3://${BUCKETS.lake}/${DAY}b.gz": line 3 must ${rule}, got ""`);
    await put({ "b.gz": gzipSync(Buffer.from("u,i,1,watch\nu,\xff,1,watch\n", "latin1")) });
    await checkRefused({}, "BadRow", `Part "s3://${BUCKETS.lake}/${DAY}b.gz": line 2 must be UTF-8, got "u,\ufffd,1,watch"`);
  });

  it("refuses too few rows, too few users with two, and no part", async () => {
    await checkRefused({}, "NoParts", `There is no part below "s3://${BUCKETS.lake}/${DAY}"`);
    await put({ _SUCCESS: "" });
    await checkRefused({}, "NoParts", `There is no part below "s3://${BUCKETS.lake}/${DAY}"`);
    await put({ a: "u,i,1,watch\nu,j,2,watch\nv,j,2,watch\n" });
    const found = "run date 2026-11-24 has 3 rows and 1 such users";
    await checkRefused({ least_rows: "4" }, "TooFewInteractions", `Personalize needs 4 rows and 1 users with 2 or more, ${found}`);
    await checkRefused({ least_repeat_users: "2" }, "TooFewInteractions", `Personalize needs 3 rows and 2 users with 2 or more, ${found}`);
    await put({ a: "" });
    const none = "run date 2026-11-24 has 0 rows and 0 such users";
    await checkRefused({}, "TooFewInteractions", `Personalize needs 3 rows and 1 users with 2 or more, ${none}`);
  });

  it("keeps this very run's CSV, whatever the source has become", async () => {
    await put({ a: "u,i,1,watch\nu,j,2,watch\nv,j,2,watch\n" });
    jobAnswer(await world.run(sourceArguments()));
    await put({ a: "bad" });
    const { decision, reason, parts } = jobAnswer(await world.run(sourceArguments()));
    assert.deepEqual([decision, reason, parts], ["kept", "sameRun", 0]);
  });
});
