import * as assert from "node:assert/strict";
import { makeTaskPool } from "../../../functions/shared/taskPool";

/** Tasks that end when they are told to. */
function tasks(count: number) {
  const ends: ((error?: Error) => void)[] = [];
  const started: number[] = [];
  const all = Array.from({ length: count }, (_, i) => () => {
    started.push(i);
    return new Promise<void>((resolve, reject) => (ends[i] = (error) => (error ? reject(error) : resolve())));
  });
  return { all, started, end: (i: number, error?: Error) => ends[i](error) };
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("makeTaskPool", () => {
  it("runs no more tasks than its limit, and waits for all of them", async () => {
    const pool = makeTaskPool(2);
    const { all, started, end } = tasks(3);
    let done = false;
    const run = (async () => {
      for (const task of all) await pool.start(task);
      await pool.finish();
      done = true;
    })();
    await settle();
    assert.deepEqual(started, [0, 1]);
    end(1);
    await settle();
    assert.deepEqual(started, [0, 1, 2]);
    end(2);
    await settle();
    assert.equal(done, false);
    end(0);
    await run;
  });

  it("starts no task after a failure, reports it at once, and throws it when the others have settled", async () => {
    const told: unknown[] = [];
    const pool = makeTaskPool(2, (error) => told.push(error));
    const { all, started, end } = tasks(3);
    const failure = new Error("first");
    await pool.start(all[0]);
    await pool.start(all[1]);
    const third = assert.rejects(pool.start(all[2]), failure);
    end(0, failure);
    await third;
    let finished = false;
    const finish = assert.rejects(pool.finish(), failure).then(() => (finished = true));
    await settle();
    assert.equal(finished, false);
    end(1, new Error("second"));
    await finish;
    assert.deepEqual([started, told], [[0, 1], [failure]]);
  });
});
