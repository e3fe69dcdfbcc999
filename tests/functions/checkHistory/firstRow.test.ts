import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { wrongHeader } from "../../../functions/checkHistory/firstRow";

const SHORT = "USER_ID,ITEM_ID,TIMESTAMP";
const LONG = `${SHORT},EVENT_TYPE`;
const found = (text: string) => wrongHeader(Buffer.from(text), false);

describe("wrongHeader", () => {
  it("accepts either header, with any line end", () => {
    for (const header of [SHORT, LONG]) {
      for (const rest of ["", "\n", "\r\n", "\nu,i,1", "\r\nu,i,1\r\n"]) {
        assert.equal(found(header + rest), undefined);
        assert.equal(wrongHeader(gzipSync(header + rest), true), undefined);
      }
    }
  });

  it("shows what it found instead", () => {
    for (const [text, shown] of [
      ["u1,i1,1700000000\n", '"u1,i1,1700000000"'],
      ["ITEM_ID,USER_ID,TIMESTAMP\n", '"ITEM_ID,USER_ID,TIMESTAMP"'],
      [`\ufeff${SHORT}\n`, `"\\u{feff}${SHORT}"`],
      [`${SHORT}\u00a0\n`, `"${SHORT}\\u{a0}"`],
      ['"USER_ID","ITEM_ID","TIMESTAMP"\n', '"\\"USER_ID\\",\\"ITEM_ID\\",\\"TIMESTAMP\\""'],
      [`${SHORT} \n`, `"${SHORT} "`],
      [SHORT.toLowerCase(), `"${SHORT.toLowerCase()}"`],
      [`\n${SHORT}\n`, '""'],
      [`${SHORT}\ru,i,1\n`, `"${SHORT}\\ru,i,1"`],
      ["x".repeat(200), `"${"x".repeat(100)}"`],
      ["", "an empty object"],
    ]) {
      assert.equal(found(text), shown);
    }
  });

  it("reads the start of gzip, and recognizes what is not gzip", () => {
    const noise = Array.from({ length: 20_000 }, (_, i) => `u${(i * 7919) % 10_007},i${i},${1_700_000_000 + i}\n`).join("");
    const start = (text: string) => gzipSync(text).subarray(0, 4096);
    assert.equal(wrongHeader(start(`${SHORT}\n${noise}`), true), undefined);
    assert.equal(wrongHeader(start(noise), true), '"u0,i0,1700000000"');
    assert.equal(wrongHeader(gzipSync(""), true), "an empty file");
    assert.equal(wrongHeader(Buffer.from(`${SHORT}\n`), true), "something that is not gzip");
  });

  it("accepts zeros and further members after a first member, and a member that is cut off", () => {
    const first = gzipSync(`${SHORT}\nu,i,1\n`);
    const garbage = Buffer.from("garbage");
    for (const rest of [Buffer.alloc(20), Buffer.concat([Buffer.alloc(20), garbage]), first, first.subarray(0, 12)]) {
      assert.equal(wrongHeader(Buffer.concat([first, rest]), true), undefined);
    }
    assert.equal(wrongHeader(Buffer.concat([first, garbage]), true), "something that is not gzip");
  });
});
