import * as assert from "node:assert/strict";
import { median } from "../../bench/median";

describe("median", () => {
  it("is the middle value, or the mean of the middle two, whatever the order", () => {
    assert.equal(median([3, 10, 1]), 3);
    assert.equal(median([4, 1, 10, 2]), 3);
    assert.equal(median([7]), 7);
  });

  it("refuses nothing", () => {
    assert.throws(() => median([]), /median needs at least one value, got none/);
  });
});
