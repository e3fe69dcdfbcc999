import * as assert from "node:assert/strict";
import { catchUp } from "../../local/catchUp";

const signal = new AbortController().signal;

describe("waiting for the workers", () => {
  it("ends when nothing is pending any more, and not at the first quiet moment", async () => {
    const pending = [3, 0, 2, 0, 0, 0, 9];
    assert.equal(await catchUp({ pending: () => pending.shift() ?? 9, stallMs: 10_000, signal }), 0);
    assert.deepEqual(pending, [9]);
  });

  it("gives up when nothing moves, and says what is left", async () => {
    const told: number[] = [];
    assert.equal(await catchUp({ pending: () => 5, stallMs: 120, signal, onProgress: (left) => told.push(left) }), 5);
    assert.ok(told.length >= 3 && told.every((left) => left === 5));
  });

  it("gives up when the number goes up and down without a new low", async () => {
    let polls = 0;
    assert.equal((await catchUp({ pending: () => 5 + (polls++ % 2), stallMs: 120, signal })) >= 5, true);
  });

  it("ends when the run is interrupted", async () => {
    const controller = new AbortController();
    const waiting = catchUp({ pending: () => 1, stallMs: 60_000, signal: controller.signal });
    controller.abort(new Error("stop"));
    await assert.rejects(waiting, { name: "AbortError" });
  });
});
