import * as assert from "node:assert/strict";
import { planProduction, withRecommendations } from "../../../local/interactions/production";
import { expectedEvents, identity } from "../../../local/reconciliation/expectedEvents";
import { compareForwarded, type AcceptedEvent, type PutEventsCall } from "../../../local/reconciliation/forwarded";
import { tableOf } from "../../support/interactions";

async function* each<T>(values: T[]): AsyncGenerator<T> {
  yield* values;
}
const accepted = (itemId: string, eventId = `id-${itemId}`, change: Partial<AcceptedEvent> = {}): AcceptedEvent => ({
  trackingId: "tracker",
  sessionId: "s",
  userId: "u",
  event: { eventId, eventType: "watch", sentAt: 1000, itemId },
  ...change,
});
const SENDER = { userId: "u", sessionId: "s" };
const key = (itemId: string): string => identity(SENDER, itemId, 1000, "watch");
const expected = (...items: string[]) =>
  new Map(items.map((itemId) => [key(itemId), { sessionId: "s", times: items.filter((item) => item === itemId).length }]));
const compare = (items: string[], events: AcceptedEvent[], calls: PutEventsCall[] = []) =>
  compareForwarded({ expected: expected(...items), trackingId: "tracker", accepted: each(events), calls: each(calls) });
const counts = async (items: string[], events: AcceptedEvent[]) => {
  const { forwarded, problems } = await compare(items, events);
  const { distinct, redelivered, missing, doubled, changed } = forwarded;
  const found = Object.fromEntries(problems.map(({ check, actual }) => [check, actual]));
  assert.deepEqual(
    { "forwarded.missing": 0, "forwarded.doubled": 0, "forwarded.changed": 0, ...found },
    { "forwarded.missing": missing, "forwarded.doubled": doubled, "forwarded.changed": changed },
  );
  return { distinct, redelivered, missing, doubled, changed };
};
const GOOD = { distinct: 2, redelivered: 0, missing: 0, doubled: 0, changed: 0 };

describe("what Personalize accepted", () => {
  it("is all right when each identity came once", async () => {
    assert.deepEqual(await counts(["1", "2"], [accepted("2"), accepted("1")]), GOOD);
  });
  it("may come again as it is", async () => {
    assert.deepEqual(await counts(["1", "2"], [accepted("1"), accepted("2"), accepted("1"), accepted("1")]), { ...GOOD, redelivered: 2 });
  });
  it("lacks an identity", async () => {
    assert.deepEqual(await counts(["1", "2", "3"], [accepted("1"), accepted("2")]), { ...GOOD, missing: 1 });
  });
  it("lacks one of two when an event was sent twice", async () => {
    assert.deepEqual(await counts(["1", "2", "2"], [accepted("1"), accepted("2"), accepted("2")]), { ...GOOD, redelivered: 1 });
    assert.deepEqual(await counts(["1", "2", "2"], [accepted("1"), accepted("2")]), { ...GOOD, missing: 1 });
  });
  it("knows an anonymous visitor by the session", async () => {
    const anonymous = { userId: null, sessionId: "a" };
    const of = (sessionId: string) => accepted("1", `id-${sessionId}`, { userId: null, sessionId });
    const options = { trackingId: "tracker", calls: each<PutEventsCall>([]) };
    const wanted = new Map([[identity(anonymous, "1", 1000, "watch"), { sessionId: "a", times: 1 }]]);
    const right = await compareForwarded({ ...options, expected: wanted, accepted: each([of("a")]) });
    assert.deepEqual(right.problems, []);
    const other = await compareForwarded({ ...options, expected: wanted, accepted: each([of("b")]) });
    assert.deepEqual([other.forwarded.missing, other.forwarded.changed], [1, 1]);
  });
  it("doubles an identity that has two event ids", async () => {
    assert.deepEqual(await counts(["1", "2"], [accepted("1"), accepted("2"), accepted("1", "other")]), { ...GOOD, doubled: 1 });
  });
  it("doubles an event id that has two contents", async () => {
    const twice = accepted("1", "id-1", { event: { ...accepted("1").event, sentAt: 1000.5 } });
    assert.deepEqual(await counts(["1", "2"], [accepted("1"), accepted("2"), twice]), { ...GOOD, doubled: 1 });
    assert.deepEqual(await counts(["1", "2"], [accepted("1", "same"), accepted("2", "same")]), { ...GOOD, doubled: 1 });
  });
  it("is changed when nobody expects it: another user, second, event type, session or tracker", async () => {
    const { event } = accepted("2");
    const changes: Partial<AcceptedEvent>[] = [
      { userId: "v" },
      { userId: null },
      { event: { ...event, sentAt: 1001 } },
      { event: { ...event, sentAt: 1_000_000 } },
      { event: { ...event, eventType: "click" } },
    ];
    for (const change of changes) {
      assert.deepEqual(await counts(["1", "2"], [accepted("1"), accepted("2", "id", change)]), { ...GOOD, missing: 1, changed: 1 });
    }
    for (const change of [{ sessionId: "t" }, { trackingId: "other" }]) {
      assert.deepEqual(await counts(["1", "2"], [accepted("1"), accepted("2", "id", change)]), { ...GOOD, changed: 1 });
    }
  });

  it("is changed when it tells of another recommendation, or of none", async () => {
    const impression = identity(SENDER, undefined, 1000, "impression");
    const wanted = new Map([
      [impression, { sessionId: "s", times: 1, impression: ["1", "2"], recommendationId: "r" }],
      [key("1"), { sessionId: "s", times: 1, recommendationId: "r" }],
      [key("3"), { sessionId: "s", times: 1 }],
    ]);
    const shown = (event: object) =>
      accepted("", "shown", { event: { eventId: "shown", eventType: "impression", sentAt: 1000, ...event } });
    const followed = (itemId: string, recommendationId?: string) =>
      accepted("", itemId, { event: { ...accepted(itemId).event, recommendationId } });
    const changed = async (...events: AcceptedEvent[]): Promise<unknown> => {
      const options = { expected: wanted, trackingId: "tracker", calls: each<PutEventsCall>([]) };
      const { problems } = await compareForwarded({ ...options, accepted: each(events) });
      return problems.map(({ check, examples }) => [check, ...examples]);
    };
    const told = { impression: ["1", "2"], recommendationId: "r" };
    assert.deepEqual(await changed(shown(told), followed("1", "r"), followed("3")), []);
    const wrong = [shown({ ...told, impression: ["2", "1"] }), followed("1"), followed("3", "r")];
    assert.deepEqual(await changed(...wrong), [["forwarded.changed", `s ${impression}`, `s ${key("1")}`, `s ${key("3")}`]]);
    assert.deepEqual(await changed(shown({ ...told, recommendationId: "q" }), followed("1", "r"), followed("3")), [
      ["forwarded.changed", `s ${impression}`],
    ]);
  });

  it("is counted by call", async () => {
    const calls: PutEventsCall[] = [
      { status: "accepted", events: 2 },
      { status: "throttled", events: 9 },
      { status: "accepted", events: 1 },
      { status: "invalid", events: 1 },
      { status: "accepted", events: 1 },
    ];
    const { forwarded } = await compare(["1", "2"], [accepted("1"), accepted("2"), accepted("1"), accepted("2")], calls);
    assert.deepEqual([forwarded.events, forwarded.calls, forwarded.throttled, forwarded.eventsPerCall], [4, 3, 1, 1.333]);
  });

  it("is nothing when nothing came", async () => {
    const { forwarded, problems } = await compare(["1"], []);
    assert.deepEqual([forwarded.events, forwarded.eventsPerCall, forwarded.missing], [0, 0, 1]);
    assert.deepEqual(problems, [{ check: "forwarded.missing", expected: 0, actual: 1, examples: [key("1")] }]);
  });
});

describe("what Personalize must accept", () => {
  const rows = Array.from({ length: 40 }, (_, n) => ({
    userId: "u",
    itemId: `i${n >> 1}`,
    timestamp: 1000 + (n >> 1),
    eventType: "watch",
  }));
  const plan = (poison: number) => planProduction(tableOf(rows), { split: "time", liveShare: 0.5, seed: 1, poison });

  it("is each live identity with its session, as often as it is sent", () => {
    const production = plan(0);
    const [{ partitionKey }] = [...production.records()];
    const wanted = expectedEvents(production);
    assert.equal(wanted.size, 10);
    for (const one of wanted.values()) assert.deepEqual(one, { sessionId: partitionKey, times: 2 });
    assert.ok(wanted.has(identity({ userId: "u", sessionId: partitionKey }, "i19", 1019, "watch")));
  });

  it("is what a session was shown, and of its rows those that follow it with the recommendation's id", () => {
    const planned = plan(0);
    const [{ id, userId, start }] = planned.sessions;
    const shown = { items: ["i19", "i0"], recommendationId: "r" };
    const wanted = expectedEvents(withRecommendations(planned, new Map([[id, shown]])));
    assert.equal(wanted.size, 11);
    const told = [...wanted].filter(([, { recommendationId }]) => recommendationId !== undefined);
    assert.deepEqual(told, [
      [
        identity({ userId, sessionId: id }, undefined, start, "impression"),
        { sessionId: id, times: 1, impression: ["i19", "i0"], recommendationId: "r" },
      ],
      [identity({ userId, sessionId: id }, "i19", 1019, "watch"), { sessionId: id, times: 2, recommendationId: "r" }],
    ]);
  });

  it("is the good events of poison, too", () => {
    const good = expectedEvents(plan(0));
    const poison = [...expectedEvents(plan(0.01))].filter(([key]) => !good.has(key));
    const bySession = new Map<string, number[]>();
    for (const [, { sessionId, times }] of poison) bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), times]);
    const kinds = new Map([...plan(0.01).records()].map(({ partitionKey, poison: kind }) => [partitionKey, kind]));
    assert.deepEqual(Object.fromEntries([...bySession].map(([sessionId, times]) => [kinds.get(sessionId), times])), {
      aggregate: [1, 1],
      badLine: [1],
      badUserRecord: [1],
      itemInProperties: [1],
      mixed: [1, 1],
      repeated: [2],
      tooMany: Array.from({ length: 11 }, () => 1),
      twoLines: [1, 1],
      anonymous: [1],
    });
  });
});
