import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { plan } from "../../../functions/forwardEvents/plan";
import { ARRIVED, kinesisBatch } from "../../support/kinesisEvent";

const view = fc.record({
  eventType: fc.constantFrom("view", "click", ""),
  itemId: fc.string({ minLength: 1, maxLength: 3, unit: "grapheme-ascii" }),
});
const batch = fc.array(
  fc.record({
    user_id: fc.constantFrom("u1", "u2", null),
    session_id: fc.constantFrom("s1", "s2", "null"),
    event_list: fc.array(
      view.map((event) => ({ ...event, sentAt: ARRIVED })),
      { maxLength: 25 },
    ),
  }),
  { maxLength: 30 },
);

describe("plan", () => {
  it("puts every valid event into exactly one call of its session, in order, in as few calls as possible", () => {
    fc.assert(
      fc.property(batch, (payloads) => {
        const { records, groups } = plan(kinesisBatch(payloads).Records);
        const expected = new Map<string, string[]>();
        payloads.forEach(({ user_id, session_id, event_list }, r) => {
          const good = event_list.flatMap(({ eventType }, i) => (eventType !== "" && session_id !== "null" ? [`${r}.${i}`] : []));
          const key = `${user_id}/${session_id}`;
          if (good.length > 0) expected.set(key, [...(expected.get(key) ?? []), ...good]);
        });
        const planned = new Map(
          groups.map(({ userId, sessionId, calls }) => [
            `${userId ?? null}/${sessionId}`,
            calls.flat().map(({ record, index }) => `${records.indexOf(record)}.${index}`),
          ]),
        );
        assert.deepEqual(planned, expected);
        for (const { calls } of groups) {
          assert.ok(calls.every((call) => call.length >= 1 && call.length <= 10));
          assert.equal(calls.length, Math.ceil(calls.flat().length / 10));
        }
      }),
    );
  });

  it("groups users who share a session separately, and lists the longest group first", () => {
    const event_list = Array.from({ length: 11 }, () => ({ eventType: "view", sentAt: ARRIVED }));
    const { groups } = plan(
      kinesisBatch([
        { user_id: "u1", session_id: "s1", event_list: event_list.slice(0, 1) },
        { session_id: "s1", event_list: event_list.slice(0, 2) },
        { user_id: "u2", session_id: "s1", event_list },
      ]).Records,
    );
    assert.deepEqual(
      groups.map(({ userId, calls }) => [userId, calls.map((call) => call.length)]),
      [
        ["u2", [10, 1]],
        ["u1", [1]],
        [undefined, [2]],
      ],
    );
  });

  it("copies shard, arrival and payload from the record", () => {
    const [source] = kinesisBatch(["poison"]).Records;
    const { records, groups } = plan([source]);
    assert.deepEqual(groups, []);
    assert.deepEqual(records, [
      {
        sequenceNumber: "1001",
        shard: "shardId-000000000000",
        partitionKey: "p",
        arrivedSeconds: ARRIVED,
        data: Buffer.from("poison").toString("base64"),
        lines: [{ userRecord: undefined, line: 0, events: [], reason: "badJson" }],
      },
    ]);
  });
});
