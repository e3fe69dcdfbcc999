import * as assert from "node:assert/strict";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describeObject, START_BYTES } from "../../../functions/describeHistory/start";

const HEADER = "USER_ID,ITEM_ID,TIMESTAMP";
const NOISE = Array.from({ length: 20_000 }, (_, i) => `u${(i * 7919) % 10_007},i${i},${1_700_000_000 + i}\n`).join("");
const read = async (key: string, stored: Buffer, whole = true) => {
  const chunks = Array.from({ length: Math.ceil(stored.length / 1000) }, (_, i) => stored.subarray(i * 1000, i * 1000 + 1000));
  const found = await describeObject(key, Readable.from(chunks, { objectMode: false }), whole, {});
  return "refused" in found ? found.refused : found.header;
};

describe("describeObject", () => {
  it("reads the start of text", async () => {
    assert.equal(await read("a.csv", Buffer.from(HEADER)), HEADER);
    assert.equal(await read("a.csv", Buffer.from(`${HEADER}\n${NOISE}`).subarray(0, START_BYTES + 1)), HEADER);
    const wide = Buffer.from(`${HEADER}${",x".repeat(START_BYTES)}`);
    assert.equal(await read("a.csv", wide.subarray(0, START_BYTES)), wide.toString("utf8", 0, START_BYTES));
    assert.equal(
      await read("a.csv", wide.subarray(0, START_BYTES + 1)),
      `has a first row of more than ${START_BYTES} bytes: export fewer columns`,
    );
  });

  it("inflates gzip, of one member or several, with zeros behind them", async () => {
    const first = gzipSync(`${HEADER}\n`);
    for (const rest of [Buffer.alloc(0), gzipSync(NOISE), Buffer.alloc(100_000), gzipSync("")]) {
      assert.equal(await read("a.csv.gz", Buffer.concat([first, rest])), HEADER);
    }
    assert.equal(await read("a.gz", gzipSync("")), "is empty: remove it, or give it a header and rows");
    assert.equal(await read("a.gz", gzipSync(first)), "is gzip, but its name does not end with .gz: rename it");
  });

  it("refuses gzip that is truncated anywhere, is damaged, or is none", async () => {
    const stored = gzipSync(`${HEADER}\n${NOISE}`);
    for (const length of [2, 12, 5000, stored.length - 1]) {
      assert.equal(await read("a.gz", stored.subarray(0, length)), "is a truncated gzip file: copy it again", `${length} bytes`);
    }
    assert.equal(await read("a.gz", Buffer.from(HEADER)), "is not gzip, but its name ends with .gz: rename it");
    const damaged = Buffer.from(stored);
    damaged[stored.length - 5] ^= 1;
    assert.equal(await read("a.gz", damaged), "is a damaged gzip file (incorrect data check): copy it again");
    assert.match(await read("a.gz", Buffer.concat([stored, Buffer.from("more")])), /^is a damaged gzip file/);
  });

  it("reads the start of gzip that is too large to be inflated", async () => {
    assert.equal(await read("a.gz", gzipSync(`${HEADER}\n${NOISE}`).subarray(0, START_BYTES + 1), false), HEADER);
  });

  it("throws what reading throws", async () => {
    for (const key of ["a.csv", "a.gz"]) {
      const broken = Readable.from(
        (function* () {
          yield gzipSync(HEADER).subarray(0, 12);
          throw new Error("broken off");
        })(),
        { objectMode: false },
      );
      await assert.rejects(describeObject(key, broken, true, {}), /^Error: broken off$/);
    }
  });
});
