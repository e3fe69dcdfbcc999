import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { batches, fewestCalls, makePayloads, type Payload } from "../../bench/events";

const EVENT = { eventType: "watch", itemId: "1", sentAt: 1_700_000_000 };

const payload: fc.Arbitrary<Payload> = fc.record({
  user_id: fc.constantFrom("u1", "u2"),
  session_id: fc.constantFrom("s1", "s2", "s3"),
  event_list: fc.array(fc.constant(EVENT), { minLength: 1, maxLength: 25 }),
});

/** Fills calls one event after the other: for groups that may not mix, no other way needs fewer. */
function greedyCalls(batch: readonly Payload[]): number {
  const room = new Map<string, number>();
  let calls = 0;
  for (const { user_id, session_id, event_list } of batch) {
    for (let event = 0; event < event_list.length; event += 1) {
      const left = room.get(`${user_id}/${session_id}`) ?? 0;
      if (left === 0) calls += 1;
      room.set(`${user_id}/${session_id}`, left === 0 ? 9 : left - 1);
    }
  }
  return calls;
}

describe("the benchmark's events", () => {
  it("need as few calls as filling one call after the other, in any order", () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 40 }), (batch) => {
        assert.equal(fewestCalls(batch), greedyCalls(batch));
        assert.equal(fewestCalls([...batch].reverse()), fewestCalls(batch));
      }),
    );
  });

  it("are the same for the same shape, with 1 to 10 events a record", () => {
    const shape = { records: 2000, sessions: 50, meanEvents: 3, seed: 1 };
    const payloads = makePayloads(shape);
    assert.deepEqual(makePayloads(shape), payloads);
    assert.notDeepEqual(makePayloads({ ...shape, seed: 2 }), payloads);
    assert.ok(payloads.every(({ event_list }) => event_list.length >= 1 && event_list.length <= 10));
    assert.equal(new Set(payloads.map(({ session_id }) => session_id)).size, 50);
  });

  it("split into batches of which the last may be smaller", () => {
    assert.deepEqual(batches([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  });
});
