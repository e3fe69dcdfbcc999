import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { CallResult } from "../../../functions/forwardEvents/client";
import { plan } from "../../../functions/forwardEvents/plan";
import { makeRateLimiter, sendGroups } from "../../../functions/forwardEvents/send";
import { deadLettersOf, fakePorts, forward } from "../../support/forwardFixture";
import { kinesisBatch, viewRecord } from "../../support/kinesisEvent";

const ACCEPTED: CallResult = { outcome: "accepted", throttled: false };
const BROKEN: CallResult = { outcome: "transient", throttled: false, error: "TimeoutError" };
const THROTTLED: CallResult = { outcome: "transient", throttled: true, error: "ThrottlingException" };

/** Sends one call, whose attempts have the given results, on a clock that only sleeping and attempts move. */
async function sendOne(results: readonly CallResult[], { random = 1, milliseconds = 60_000, attemptTakes = 0, slotIn = 0 } = {}) {
  let time = 0;
  const started: { at: number; left: number }[] = [];
  const slept: number[] = [];
  const wokeAt: number[] = [];
  const logs: Record<string, unknown>[] = [];
  const { groups } = plan(kinesisBatch([viewRecord("s1", ["i1"])]).Records);
  const sent = await sendGroups(groups, {
    put: async (_sender, _events, left) => {
      started.push({ at: time, left });
      time += attemptTakes;
      return results[started.length - 1] ?? assert.fail("one attempt too many");
    },
    reserve: () => slotIn,
    sleep: async (ms) => void ((time += ms), slept.push(ms), wokeAt.push(time)),
    random: () => random,
    remaining: () => milliseconds - time,
    log: (fact) => void logs.push(fact),
  });
  return { sent, started, slept, wokeAt, logs };
}

describe("a call", () => {
  it("is made once when its result is final", async () => {
    const { sent } = await sendOne([ACCEPTED]);
    assert.deepEqual(sent, { calls: 1, retries: 0, throttled: 0, accepted: 1 });
    assert.deepEqual((await sendOne([{ ...BROKEN, outcome: "rejected" }])).sent, { calls: 1, retries: 0, throttled: 0, accepted: 0 });
    const misconfigured: CallResult = { outcome: "misconfigured", throttled: false, error: "no tracker" };
    const failed = { calls: 1, retries: 0, throttled: 0, accepted: 0, misconfiguration: "no tracker" };
    assert.deepEqual((await sendOne([misconfigured])).sent, failed);
  });

  it("is attempted three times at most, after delays that double", async () => {
    const { sent, slept, logs } = await sendOne([BROKEN, BROKEN, BROKEN]);
    assert.deepEqual([sent, slept], [{ calls: 1, retries: 2, throttled: 0, accepted: 0 }, [100, 200]]);
    const line = { level: "ERROR", message: "call failed", outcome: "transient", error: "TimeoutError" };
    assert.deepEqual(logs, [{ ...line, attempts: 3, sequenceNumber: "1001" }]);
  });

  it("waits longer after throttling, and a random share of the delay", async () => {
    const throttled = await sendOne([THROTTLED, THROTTLED, THROTTLED]);
    assert.deepEqual([throttled.slept, throttled.sent.throttled], [[500, 1000], 1]);
    const { sent, slept } = await sendOne([THROTTLED, BROKEN, ACCEPTED], { random: 0.5 });
    assert.deepEqual([sent, slept], [{ calls: 1, retries: 2, throttled: 0, accepted: 1 }, [250, 100]]);
  });

  it("waits for a slot of the call rate before each attempt", async () => {
    const { started, slept } = await sendOne([BROKEN, ACCEPTED], { slotIn: 40 });
    assert.deepEqual(slept, [40, 100, 40]);
    assert.deepEqual(started, [
      { at: 40, left: 59_960 },
      { at: 180, left: 59_820 },
    ]);
  });

  it("is not made, nor counted, when its slot is too late", async () => {
    const { sent, slept } = await sendOne([], { milliseconds: 40, slotIn: 40 });
    assert.deepEqual([sent, slept], [{ calls: 0, retries: 0, throttled: 0, accepted: 0 }, []]);
  });

  it("never sleeps past the deadline, nor starts an attempt after it", async () => {
    const times = fc.record({
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
      milliseconds: fc.integer({ min: 1, max: 2000 }),
      attemptTakes: fc.nat(1000),
      slotIn: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(times, async (drawn) => {
        const { started, wokeAt } = await sendOne([THROTTLED, BROKEN, BROKEN], drawn);
        assert.ok(wokeAt.every((at) => at < drawn.milliseconds));
        started.forEach(({ at, left }) => {
          assert.ok(at < drawn.milliseconds);
          assert.equal(left, drawn.milliseconds - at);
        });
      }),
    );
  });
});

describe("the rate limiter", () => {
  it("never lets more calls into any second than the rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(fc.nat(50), { minLength: 1, maxLength: 300 }), (rate, pauses) => {
        let now = 0;
        const reserve = makeRateLimiter(rate, () => now);
        const slots = pauses.map((pause) => {
          now += pause;
          return now + reserve();
        });
        slots.forEach((slot, i) => {
          assert.ok(i < rate || slot - slots[i - rate] >= 1000 - 1e-6);
          assert.ok(i === 0 || slot >= slots[i - 1]);
        });
      }),
    );
  });

  it("delays nothing below the rate, and spaces calls that come at once", () => {
    let now = 100;
    const reserve = makeRateLimiter(4, () => now);
    assert.deepEqual([reserve(), reserve(), reserve()], [0, 250, 500]);
    now = 10_000;
    assert.deepEqual([reserve(), reserve()], [0, 250]);
  });
});

describe("an invocation", () => {
  const batchOf = (items: string[]) => kinesisBatch(items.map((item, i) => viewRecord(`s${i}`, [item])));

  it("makes 16 concurrent requests at most", async () => {
    const fake = fakePorts();
    await forward(batchOf(Array<string>(100).fill("i1")), fake.ports);
    assert.deepEqual([fake.requests, fake.concurrent], [100, 16]);
  });

  it("stores every rejected event as a dead letter, however many there are, and logs what the service said", async () => {
    const fake = fakePorts();
    const events = Array.from({ length: 25 }, (_, i) => `poison${i}`);
    const batch = kinesisBatch([...Array.from({ length: 60 }, (_, i) => viewRecord(`s${i}`, ["poison"])), viewRecord("many", events)]);
    assert.deepEqual(await forward(batch, fake.ports), { failed: [] });
    assert.deepEqual(
      deadLettersOf(fake.stored).map(({ reason, events: bad }) => [reason, bad]),
      Array.from({ length: 61 }, () => ["rejected", undefined]),
    );
    const logged = fake.logs.filter(({ message }) => message === "event rejected");
    assert.equal(logged.length, 85);
    const last = { sequenceNumber: "1061", userRecord: undefined, line: 0, event: 24 };
    assert.deepEqual(logged.at(-1), { level: "WARN", message: "event rejected", error: "SomeException", ...last });
  });

  it("is not misconfigured while calls only fail for a time", async () => {
    const { ports } = fakePorts({ outcome: () => "transient" });
    const items = Array.from({ length: 50 }, (_, i) => (i < 25 ? "poison" : "good"));
    const { error, failed } = await forward(batchOf(items), ports);
    assert.deepEqual([error, failed.length], [undefined, 25]);
  });
});
