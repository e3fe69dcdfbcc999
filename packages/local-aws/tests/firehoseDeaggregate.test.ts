import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { deaggregate } from "../src/firehose/deaggregate";
import { aggregate, bytes, sealed } from "./support/aggregate";

const data = (text: string): Buffer => bytes(3, Buffer.from(text));

describe("deaggregate", () => {
  it("gives the user records in order, whatever they hold", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 }), (texts) => {
        assert.deepEqual(
          deaggregate(aggregate(...texts)).map((userRecord) => userRecord.toString()),
          texts,
        );
      }),
    );
  });

  it("leaves other records as they are", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        const record = Buffer.from(content);
        assert.deepEqual(deaggregate(record), [record]);
      }),
    );
  });

  it("leaves an aggregate with a changed byte, or a part of one, as it is", () => {
    const whole = aggregate("one", "two");
    for (const [index] of whole.entries()) {
      const changed = Buffer.from(whole);
      changed[index] ^= 1;
      for (const record of [changed, whole.subarray(0, index)]) assert.deepEqual(deaggregate(record), [record], String(index));
    }
  });

  const broken: [what: string, message: Buffer][] = [
    ["a user record without data", bytes(3, Buffer.from([0x08, 0]))],
    ["a field that is cut off", bytes(3, Buffer.concat([data("a"), Buffer.from([0x1a, 9])]))],
    ["a number that is cut off", Buffer.concat([bytes(3, data("a")), Buffer.from([0x08, 0x80])])],
    ["a number that is too long", Buffer.concat([bytes(3, data("a")), Buffer.from([0x08]), Buffer.alloc(11, 0xff)])],
    ["a length beyond every buffer", Buffer.concat([bytes(3, data("a")), Buffer.from([0x0a]), Buffer.alloc(9, 0xff), Buffer.from([1])])],
    ["a group", Buffer.concat([bytes(3, data("a")), Buffer.from([0x0b, 0x0c])])],
  ];
  for (const [what, message] of broken) {
    it(`leaves an aggregate with ${what} as it is`, () => {
      assert.deepEqual(deaggregate(sealed(message)), [sealed(message)]);
    });
  }

  it("skips fields that it does not know, and takes the last data of a user record", () => {
    const unknown = Buffer.concat([
      Buffer.from([0x38, 0xff, 0x01, 0x41]),
      Buffer.alloc(8),
      Buffer.from([0x4d]),
      Buffer.alloc(4),
      bytes(15, data("x")),
    ]);
    const userRecord = bytes(3, Buffer.concat([data("old"), unknown, data("new")]));
    assert.deepEqual(
      deaggregate(sealed(Buffer.concat([unknown, userRecord, bytes(3, data(""))]))).map((one) => one.toString()),
      ["new", ""],
    );
  });
});
