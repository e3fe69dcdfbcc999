import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { makePacer } from "../../../functions/forwardEvents/pacer";

describe("makePacer", () => {
  it("never lets more calls into any second than the rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(fc.nat(50), { minLength: 1, maxLength: 300 }), (rate, pauses) => {
        let now = 0;
        const reserve = makePacer(rate, () => now);
        const places = pauses.map((pause) => {
          now += pause;
          return now + reserve();
        });
        places.forEach((place, i) => {
          assert.ok(i < rate || place - places[i - rate] >= 1000 - 1e-6);
          assert.ok(i === 0 || place >= places[i - 1]);
        });
      }),
    );
  });

  it("makes nobody wait below the rate, and spaces what comes at once", () => {
    let now = 100;
    const reserve = makePacer(4, () => now);
    assert.deepEqual([reserve(), reserve(), reserve()], [0, 250, 500]);
    now = 10_000;
    assert.deepEqual([reserve(), reserve()], [0, 250]);
  });
});
