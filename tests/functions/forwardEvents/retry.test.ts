import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { withRetries } from "../../../functions/forwardEvents/retry";
import type { Answer } from "../../../functions/forwardEvents/send";

const ACCEPTED: Answer = { verdict: "accepted", attempts: 1, throttled: false };
const BROKEN: Answer = { verdict: "transient", attempts: 1, throttled: false, error: "TimeoutError" };
const THROTTLED: Answer = { verdict: "transient", attempts: 1, throttled: true, error: "ThrottlingException" };

/** Runs calls whose answers are given on a clock that only sleeping and answering move. */
async function run(answers: readonly Answer[], { random = 1, milliseconds = 60_000, answerTakes = 0, waits = 0 } = {}) {
  let time = 0;
  const started: { at: number; left: number }[] = [];
  const slept: number[] = [];
  const wokeAt: number[] = [];
  let reserved = 0;
  const ports = {
    now: () => time,
    random: () => random,
    reserve: () => ((reserved += 1), waits),
    sleep: async (ms: number) => void ((time += ms), slept.push(ms), wokeAt.push(time)),
  };
  const attempt = async (left: number) => {
    started.push({ at: time, left });
    time += answerTakes;
    return answers[started.length - 1] ?? assert.fail("one attempt too many");
  };
  return { answer: await withRetries(attempt, ports, milliseconds), started, slept, wokeAt, reserved };
}

describe("withRetries", () => {
  it("asks once when the answer is final", async () => {
    for (const verdict of ["accepted", "rejected", "misconfigured"] as const) {
      const { answer, reserved } = await run([{ ...ACCEPTED, verdict }]);
      assert.deepEqual([answer.verdict, answer.attempts, reserved], [verdict, 1, 0]);
    }
  });

  it("asks three times at most, after delays that double", async () => {
    const { answer, slept, reserved } = await run([BROKEN, BROKEN, BROKEN]);
    assert.deepEqual(answer, { ...BROKEN, attempts: 3 });
    assert.deepEqual([slept, reserved], [[100, 200], 2]);
  });

  it("waits longer after throttling, and a random share of the delay", async () => {
    assert.deepEqual((await run([THROTTLED, THROTTLED, ACCEPTED])).slept, [500, 1000]);
    const { answer, slept } = await run([THROTTLED, BROKEN, ACCEPTED], { random: 0.5 });
    assert.deepEqual([answer, slept], [{ ...ACCEPTED, attempts: 3 }, [250, 100]]);
  });

  it("waits for its place in the rate of calls", async () => {
    const { started, slept } = await run([BROKEN, ACCEPTED], { waits: 40 });
    assert.deepEqual(slept, [100, 40]);
    assert.deepEqual(started, [
      { at: 0, left: 60_000 },
      { at: 140, left: 59_860 },
    ]);
  });

  it("never waits for a time that is not left, nor starts then", async () => {
    const seconds = fc.record({
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
      milliseconds: fc.integer({ min: 1, max: 2000 }),
      answerTakes: fc.nat(1000),
      waits: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(seconds, async (times) => {
        const { started, wokeAt } = await run([THROTTLED, BROKEN, BROKEN], times);
        assert.ok(wokeAt.every((at) => at < times.milliseconds));
        started.slice(1).forEach(({ at, left }) => {
          assert.ok(at < times.milliseconds);
          assert.equal(left, times.milliseconds - at);
        });
      }),
    );
  });
});
