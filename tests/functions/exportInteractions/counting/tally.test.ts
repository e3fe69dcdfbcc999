import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { addEncoded, countsOf, encodeTally, makeTally, type Tally } from "../../../../functions/exportInteractions/counting/tally";
import { addId } from "../../../support/ids";

type Row = readonly [user: number, item: number];

function tallyOf(rows: readonly Row[]): Tally {
  const tally = makeTally();
  for (const [user, item] of rows) {
    tally.rows++;
    addId(tally.users, String(user));
    addId(tally.items, String(item));
  }
  return tally;
}

describe("a tally", () => {
  it("that others are added to in any order is that of all their rows", () => {
    const row = fc.tuple(fc.nat(40), fc.nat(10));
    const groups = fc.array(fc.array(row, { maxLength: 30 }), { maxLength: 6 });
    const shuffled = groups.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    const property = fc.property(shuffled, ([all, inAnyOrder]) => {
      const sum = makeTally();
      for (const rows of inAnyOrder) addEncoded(sum, encodeTally(tallyOf(rows)));
      assert.deepEqual(countsOf(sum), countsOf(tallyOf(all.flat())));
    });
    fc.assert(property);
  });

  it("is the same after it was encoded, also one that has grown", () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => [i % 20_000, i % 7] as const);
    const [encoded, copy] = [encodeTally(tallyOf(rows)), makeTally()];
    addEncoded(copy, encoded);
    assert.deepEqual(countsOf(copy), { rows: 30_000, users: 20_000, items: 7, repeatUsers: 10_000 });
    assert.equal(encoded.length, 20 + 8 * 20_007);
    addEncoded(copy, encoded);
    assert.deepEqual(countsOf(copy), { rows: 60_000, users: 20_000, items: 7, repeatUsers: 20_000 });
  });

  it("keeps its layout and the ids' hashes, which another invocation reads", () => {
    const tally = makeTally();
    tally.rows = 2;
    addId(tally.users, "ana");
    addId(tally.users, "ana");
    addId(tally.items, "item-1");
    const hex = encodeTally(tally).toString("hex");
    assert.deepEqual(hex.match(/^(.{8})(.{8})(.{8})(.{16})(.{16})(.{16})$/)?.slice(1), [
      "01000000",
      "01000000",
      "01000000",
      "0000000000000040",
      "06d7d30ac9b77a5f",
      "a51b020f3ceb13e7",
    ]);
  });

  it("is refused when it is cut, or of another version", () => {
    const encoded = encodeTally(tallyOf([[1, 2]]));
    const refused = (bytes: Buffer, message: string) => assert.throws(() => addEncoded(makeTally(), bytes), { name: "BadTally", message });
    refused(encoded.subarray(0, 35), "A tally of 1 users and 1 items must be 36 bytes, got 35");
    refused(Buffer.concat([encoded, encoded]), "A tally of 1 users and 1 items must be 36 bytes, got 72");
    refused(encoded.subarray(0, 3), "A tally's version must be 1, got none");
    encoded.writeUInt32LE(2, 0);
    refused(encoded, "A tally's version must be 1, got 2");
  });
});
