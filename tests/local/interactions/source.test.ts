import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { generateInteractions } from "../../../local/interactions/generator";
import { describeLeftOut, readSource } from "../../../local/interactions/source";
import { UsageError } from "../../../cli/shared/command";

const RULES = { seed: 1, nowSeconds: Date.UTC(2026, 10, 1) / 1000, defaultEventType: "watch" };
const CSV = "USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nv,j,2\n";
const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

describe("the source of interactions", () => {
  let folder: string;
  const fileOf = (content: string | Buffer, name = "in.csv"): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const rejects = (file: string, message: RegExp) =>
    assert.rejects(readSource({ file, ...RULES }), (error: Error) => error instanceof UsageError && message.test(error.message));
  before(() => void (folder = mkdtempSync(join(tmpdir(), "c360-source-"))));
  after(() => rmSync(folder, { recursive: true }));

  it("reads plain and gzip files alike, told by their names", async () => {
    const gz = gzipSync(CSV);
    for (const [name, content] of Object.entries({ "a.csv": CSV, "b.csv.gz": gz })) {
      const { file, table, rows, ...input } = await readSource({ file: fileOf(content, name), ...RULES });
      assert.deepEqual([file, rows, table.length, input.sha256], [join(folder, name), 2, 2, sha256(content)], name);
    }
  });

  it("reads a gzip file of several members", async () => {
    const { rows } = await readSource({ file: fileOf(Buffer.concat([gzipSync(CSV), gzipSync("w,k,3\n")]), "in.csv.gz"), ...RULES });
    assert.equal(rows, 3);
  });

  it("refuses a file that cannot be read, naming it", async () => {
    await rejects(join(folder, "none.csv"), /must name a file, there is no .*none\.csv$/);
    await rejects(folder, /must name a file, got /);
    await rejects(fileOf(""), /is empty/);
    await rejects(fileOf("", "in.csv.gz"), /is empty/);
    await rejects(fileOf(gzipSync(""), "in.csv.gz"), /is empty/);
    await rejects(fileOf(gzipSync(CSV)), /in\.csv is gzip, but its name does not end with \.gz: rename it$/);
    await rejects(fileOf(CSV, "in.csv.gz"), /in\.csv\.gz is not gzip, but its name ends with \.gz: rename it$/);
    await rejects(fileOf(Buffer.from("PK\x03\x04\x00\x00binary")), /in\.csv is a zip file: unpack it, or compress it with gzip$/);
    await rejects(fileOf("USER_ID,ITEM_ID,TIMESTAMP\n"), /no good row: it has only a header$/);
    await rejects(fileOf("USER_ID,ITEM_ID,TIMESTAMP\nu,i,0\n"), /no good row: timestampNotPositive 1 \(line 2\)$/);
  });

  it("refuses gzip that is cut off or damaged", async () => {
    const gz = gzipSync(generateInteractions(1, 2000));
    const damaged = Buffer.from(gz);
    damaged.fill(0x55, 2000, 2100);
    await rejects(fileOf(gz.subarray(0, gz.length - 20), "in.csv.gz"), /is a truncated gzip file: copy it again$/);
    await rejects(fileOf(gz.subarray(0, 30), "in.csv.gz"), /is a truncated gzip file: copy it again$/);
    await rejects(fileOf(damaged, "in.csv.gz"), /is a damaged gzip file \(.+\): copy it again$/);
  });

  it("generates 20,000 good rows without a file", async () => {
    const { file, rows, table, leftOut, ...input } = await readSource(RULES);
    assert.deepEqual([file, rows, table.length, leftOut], [null, 20_000, 20_000, {}]);
    assert.equal(input.sha256, sha256(generateInteractions(1)));
  });

  it("describes what was left out", () => {
    const leftOut = { userIdEmpty: { count: 1, lines: [4] }, columnCount: { count: 7, lines: [5, 6, 7, 8, 9] } };
    assert.equal(describeLeftOut(leftOut), "userIdEmpty 1 (line 4); columnCount 7 (lines 5, 6, 7, 8, 9, ...)");
  });
});
