import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Part } from "../../../../functions/exportInteractions/part";
import { isUnit, unitsOf, type Unit } from "../../../../functions/exportInteractions/unpacking/units";
import { COLUMNS } from "../../../support/exportParts";

const MIB = 1024 ** 2;

const part = (name: string, size: number, rewritten = true, etag = '"e"'): Part => ({
  ...{ uri: `s3://b/${name}`, bucket: "b", key: name, etag, compressed: rewritten },
  ...{ size, start: 0, rewritten, closed: true },
});
const unitsIn = (parts: Part[], header = COLUMNS): Unit[] => unitsOf(parts, [header]).filter(isUnit);

describe("unitsOf", () => {
  it("keeps every part in its place, and groups neighbours that are rewritten up to 16 MiB", () => {
    const some = fc.record({ size: fc.integer({ min: 0, max: 20 * MIB }), rewritten: fc.boolean() });
    const property = fc.property(fc.array(some, { maxLength: 20 }), (sizes) => {
      const parts = sizes.map(({ size, rewritten }, i) => part(`part-${i}`, size, rewritten));
      const grouped = unitsOf(parts, [COLUMNS]);
      const flat = grouped.flatMap((one) => (isUnit(one) ? one.parts : one));
      assert.deepEqual(flat, parts);
      for (const [i, one] of grouped.entries()) {
        if (!isUnit(one)) {
          assert.equal(one.rewritten, false);
          continue;
        }
        assert.ok(one.parts.every(({ rewritten }) => rewritten));
        assert.equal(
          one.bytes,
          one.parts.reduce((sum, { size }) => sum + size, 0),
        );
        assert.ok(one.parts.length === 1 || one.bytes <= 16 * MIB);
        const next = grouped[i + 1];
        if (next && isUnit(next)) assert.ok(one.bytes + next.parts[0].size > 16 * MIB);
      }
    });
    fc.assert(property);
  });

  it("names a unit by its parts, their content and the header", () => {
    const [{ name }] = unitsIn([part("a", 1), part("b", 2)]);
    assert.match(name, /^[0-9a-f]{32}$/);
    assert.equal(unitsIn([part("a", 1), part("b", 2)])[0].name, name);
    const others = [
      unitsIn([part("b", 2), part("a", 1)]),
      unitsIn([part("a", 1)]),
      unitsIn([part("a", 1), part("b", 2, true, '"other"')]),
      unitsIn([part("a", 1), part("b", 2)], "user,item"),
    ];
    assert.equal(new Set([name, ...others.map(([unit]) => unit.name)]).size, 5);
  });
});
