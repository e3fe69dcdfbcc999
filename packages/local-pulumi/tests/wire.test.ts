import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { disclose, holdsSecret, type Json, Kind, knownMembers, secret, SIGNATURE, UNKNOWN, unwrap, unwrapMembers } from "../src/wire";

const plain = fc.jsonValue({ maxDepth: 4 });

/** Wraps parts of a value as secrets, as `coins` fall. */
function hide(value: unknown, coins: Iterator<boolean>): unknown {
  const inner = Array.isArray(value)
    ? value.map((item) => hide(item, coins))
    : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hide(member, coins)]))
      : value;
  return coins.next().value === true ? secret(inner) : inner;
}

describe("wire values", () => {
  it("unwrap undoes secrets at any depth", () => {
    fc.assert(
      fc.property(plain, fc.infiniteStream(fc.boolean()), (value, coins) => {
        let hidden = false;
        const counted = (function* () {
          for (const coin of coins) {
            hidden ||= coin;
            yield coin;
          }
        })();
        const wire = hide(value, counted);
        assert.deepEqual(unwrap(wire), unwrap(value));
        assert.equal(holdsSecret(wire), hidden);
      }),
    );
  });

  it("turns references into ids, and components' into URNs", () => {
    const reference = (members: Json): Json => ({ [SIGNATURE]: Kind.reference, urn: "urn:x", ...members });
    assert.deepEqual(unwrapMembers({ made: reference({ id: "i-1" }), unmade: reference({ id: "" }), component: reference({}) }), {
      made: "i-1",
      unmade: UNKNOWN,
      component: "urn:x",
    });
  });

  it("refuses a kind of special value that it does not know", () => {
    assert.throws(() => unwrap([{ [SIGNATURE]: "d0e6a833" }]), { message: "unknown kind of special value: d0e6a833" });
  });

  it("leaves out what is unknown, but keeps the names of the top level", () => {
    const asset = { [SIGNATURE]: Kind.asset, text: UNKNOWN };
    const known = knownMembers({ a: UNKNOWN, b: { c: UNKNOWN, d: 1 }, list: [{ e: UNKNOWN }, 2], half: ["x", UNKNOWN], asset });
    assert.deepEqual(known, { a: undefined, b: { d: 1 }, list: [{}, 2], half: undefined, asset: undefined });
    assert.deepEqual(Object.keys(known), ["a", "b", "list", "half", "asset"]);
  });

  it("discloses secrets, and null for what is unknown", () => {
    assert.deepEqual(disclose({ a: secret({ b: UNKNOWN, c: ["x"] }) }), { a: { b: null, c: ["x"] } });
  });
});
