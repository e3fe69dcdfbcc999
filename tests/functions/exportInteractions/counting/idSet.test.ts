import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { makeIdSet } from "../../../../functions/exportInteractions/counting/idSet";
import { addId } from "../../../support/ids";

describe("makeIdSet", () => {
  it("knows distinct and repeated ids as a set of texts does", () => {
    const property = fc.property(fc.array(fc.oneof(fc.nat(50).map(String), fc.string({ minLength: 1 }))), (ids) => {
      const set = makeIdSet("users");
      for (const id of ids) addId(set, id);
      assert.equal(set.size(), new Set(ids).size);
      assert.equal(set.repeated(), new Set(ids.filter((id, i) => ids.indexOf(id) < i)).size);
    });
    fc.assert(property);
  });

  it("tells 100,000 ids of each common form apart, of which a third came twice", () => {
    const forms: ((i: number) => string)[] = [
      (i) => String(i),
      (i) => `user-${i}`,
      (i) => i.toString(16).padStart(32, "0"),
      (i) => `${i.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
      (i) => String.fromCharCode(33 + (i % 64), 33 + ((i >> 6) % 64), 33 + (i >> 12)),
      (i) => "a".repeat(i % 250) + String(i),
    ];
    for (const form of forms) {
      const set = makeIdSet("users");
      for (let i = 0; i < 100_000; i++) addId(set, form(i));
      for (let i = 0; i < 100_000; i += 3) addId(set, form(i));
      assert.deepEqual([set.size(), set.repeated()], [100_000, 33_334]);
    }
  });

  it("reads an id alike wherever it lies, and nothing around it", () => {
    const set = makeIdSet("users");
    for (let from = 0; from < 9; from++) {
      for (let length = 1; length < 10; length++) {
        const bytes = Buffer.alloc(21, from + 65);
        bytes.write("abcdefghi".slice(0, length), from);
        set.add(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), from, from + length);
      }
    }
    assert.deepEqual([set.size(), set.repeated()], [9, 9]);
  });
});
