import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { isAggregate, userRecordsOf } from "../../../functions/forwardEvents/aggregate";
import { aggregate } from "../../../local/interactions/aggregate";

const HEX = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
/** An aggregate whose message is given in hexadecimal digits. */
const sealed = (message: string): Buffer => Buffer.concat([HEX("f3899ac2"), HEX(message), createHash("md5").update(HEX(message)).digest()]);
const texts = (record: Buffer) => userRecordsOf(record)?.map(String);

describe("userRecordsOf", () => {
  it("gives the user records in order, whatever they hold and however long they are", () => {
    const userRecords = fc.array(
      fc.oneof(
        fc.uint8Array(),
        fc.integer({ min: 120, max: 40_000 }).map((length) => Buffer.alloc(length, "x")),
      ),
    );
    fc.assert(
      fc.property(userRecords, fc.string(), (contents, key) => {
        const parts = contents.map((one) => Buffer.from(one));
        const record = aggregate(key, parts);
        assert.ok(isAggregate(record));
        assert.deepEqual(userRecordsOf(record), parts);
      }),
    );
  });

  it("gives nothing when a byte is changed or missing", () => {
    const whole = aggregate("k", [Buffer.from("one"), Buffer.from("two")]);
    for (let index = 4; index < whole.length; index += 1) {
      const changed = Buffer.from(whole);
      changed[index] ^= 1;
      assert.equal(userRecordsOf(changed), undefined, String(index));
      assert.equal(userRecordsOf(whole.subarray(0, index)), undefined, String(index));
    }
  });

  it("skips tags and fields that it does not know, and takes the last data of a user record", () => {
    const unknown = "38ff01 41 0000000000000000 4d 00000000 7a0178";
    assert.deepEqual(texts(sealed(`${unknown} 1a05 0800 1a0161 1a0b 1a016f 22030a0174 1a016e`)), ["a", "n"]);
    assert.deepEqual(texts(sealed("1a02 1a00")), [""]);
    assert.deepEqual(texts(sealed("")), []);
  });

  const broken: [what: string, message: string][] = [
    ["a user record without data", "1a02 0800"],
    ["data that is cut off", "1a05 1a0161 1a09"],
    ["a number that is cut off", "1a03 1a0161 08 80"],
    ["a number that is too long", `1a03 1a0161 08 ${"ff".repeat(10)} 01`],
    ["a length beyond every buffer", `1a03 1a0161 0a ${"ff".repeat(9)} 01`],
    ["a group", "1a03 1a0161 0b0c"],
    ["a field of 8 bytes that is cut off", "1a03 1a0161 41 00"],
  ];
  for (const [what, message] of broken) {
    it(`gives nothing of ${what}`, () => assert.equal(userRecordsOf(sealed(message)), undefined));
  }
});
