import * as assert from "node:assert/strict";
import { shownOf } from "../../../local/interactions/recommendation";

const shown = (items: string[]) => shownOf({ items, recommendationId: "r" });

describe("what a dashboard shows of an answer", () => {
  it("is its items, with its id", () => {
    assert.deepEqual(shown(["a", "b"]), { items: ["a", "b"], recommendationId: "r" });
  });
  it("is nothing when there are none", () => {
    assert.equal(shown([]), undefined);
  });
  it("is the first 25", () => {
    const items = Array.from({ length: 26 }, (_, n) => `i${n}`);
    assert.deepEqual(shown(items)?.items, items.slice(0, 25));
  });
  it("is as many as an event has room for, with 256 characters of two bytes each", () => {
    const items = Array.from({ length: 25 }, (_, n) => `${"é".repeat(254)}${String(n).padStart(2, "0")}`);
    assert.deepEqual(shown(items)?.items, items.slice(0, 17));
  });
});
