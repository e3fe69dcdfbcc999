import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { CallResult } from "../../../functions/forwardEvents/client";
import { deadLettersOf, fakePorts, forward } from "../../support/forwardFixture";
import { ARRIVED, kinesisBatch } from "../../support/kinesisEvent";

const kind = fc.constantFrom("good", "good", "good", "bad", "poison");
const payloads = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ session: fc.integer({ max: 5, min: 0 }), kinds: fc.array(kind, { maxLength: 14 }) }) },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((records) =>
    records.map((record, r) => {
      if (record === null) return "not JSON";
      const events = record.kinds.map((each, i) => ({
        eventType: "view",
        itemId: `${each}-${r}-${i}`,
        sentAt: each === "bad" ? 0 : ARRIVED,
      }));
      return { session_id: `s${record.session}`, event_list: events };
    }),
  );
const behaviour = fc.record({
  outcomes: fc.infiniteStream(fc.constantFrom<CallResult["outcome"]>("accepted", "accepted", "accepted", "accepted", "transient")),
  misconfiguredAt: fc.option(fc.nat(40), { freq: 5, nil: -1 }),
  storeFails: fc.boolean(),
  requestsInTime: fc.oneof(fc.constant(Infinity), fc.nat(40)),
});

describe("forwardEvents", () => {
  it("accepts every record, stores it as a dead letter, or does not checkpoint it", async () => {
    await fc.assert(
      fc.asyncProperty(payloads, behaviour, async (records, { outcomes, misconfiguredAt, ...more }) => {
        const at = fakePorts({
          ...more,
          outcome: (call) => (call === misconfiguredAt ? "misconfigured" : (outcomes.next().value as CallResult["outcome"])),
        });
        const event = kinesisBatch(records);
        const { failed, error } = await forward(event, at.ports);
        assert.equal(new Set(failed).size, failed.length, "each once");
        const deadLetters = deadLettersOf(at.stored);
        if (error !== undefined) assert.deepEqual(deadLetters, [], "nothing of a failed invocation is a dead letter");
        const checkpoint = failed.map(BigInt).reduce((low, n) => (n < low ? n : low), 10n ** 30n);
        const accepted = new Set([...at.accepted.values()].flat());
        records.forEach((record, r) => {
          const sequenceNumber = event.Records[r].kinesis.sequenceNumber;
          const deadLetter = deadLetters.find((each) => each.sequenceNumber === sequenceNumber);
          if (BigInt(sequenceNumber) >= checkpoint) return assert.ok(deadLetter === undefined || failed.includes(sequenceNumber));
          if (typeof record === "string" || record.event_list.length === 0) return assert.ok(deadLetter && deadLetter.events === undefined);
          const isKept = (i: number) => deadLetter !== undefined && (deadLetter.events === undefined || deadLetter.events.includes(i));
          record.event_list.forEach(({ itemId }, i) =>
            assert.equal(accepted.has(itemId), !isKept(i), `${itemId} is either accepted or kept`),
          );
          record.event_list.forEach(({ itemId }, i) =>
            assert.equal(itemId.startsWith("good"), !isKept(i), `${itemId} is kept when it is bad`),
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it("has accepted every good event in order and stored every bad one once the failures are over", async () => {
    await fc.assert(
      fc.asyncProperty(payloads, behaviour, async (records, { outcomes, storeFails, requestsInTime }) => {
        const all = kinesisBatch(records);
        const accepted = new Map<string, string[]>();
        const kept = new Set<string>();
        let waiting = all.Records;
        for (let delivery = 0; waiting.length > 0; delivery += 1) {
          const faulty = delivery < 4;
          const at = fakePorts(faulty ? { storeFails, requestsInTime, outcome: () => outcomes.next().value as CallResult["outcome"] } : {});
          const { failed } = await forward({ Records: waiting }, at.ports);
          for (const [session, items] of at.accepted) accepted.set(session, [...(accepted.get(session) ?? []), ...items]);
          deadLettersOf(at.stored).forEach(({ sequenceNumber, events }) => kept.add(`${sequenceNumber}:${events?.join() ?? "all"}`));
          const low = failed.map(BigInt).reduce((least, n) => (n < least ? n : least), 10n ** 30n);
          waiting = waiting.filter(({ kinesis }) => BigInt(kinesis.sequenceNumber) >= low);
          assert.ok(delivery < 6, "done after the failures");
        }
        const expected = new Map<string, string[]>();
        const bad = new Set<string>();
        records.forEach((record, r) => {
          const events = typeof record === "string" ? [] : record.event_list;
          const badOnes = events.flatMap(({ itemId }, i) => (itemId.startsWith("good") ? [] : [i]));
          if (badOnes.length > 0 || events.length === 0) bad.add(`${1001 + r}:${badOnes.length < events.length ? badOnes.join() : "all"}`);
          if (typeof record === "string") return;
          const good = events.filter(({ itemId }) => itemId.startsWith("good")).map(({ itemId }) => itemId);
          if (good.length > 0) expected.set(record.session_id, [...(expected.get(record.session_id) ?? []), ...good]);
        });
        assert.deepEqual(kept, bad);
        const firstTimes = new Map([...accepted].map(([session, items]) => [session, [...new Set(items)]]));
        assert.deepEqual(new Map([...firstTimes].sort()), new Map([...expected].sort()));
      }),
      { numRuns: 200 },
    );
  });

  it("logs the metrics of the batch, and each dead letter with its sequence number, without the payload", async () => {
    const at = fakePorts({});
    const events = [
      { eventType: "view", itemId: "good-secret", sentAt: ARRIVED },
      { eventType: "view", itemId: "poison-secret", sentAt: ARRIVED },
    ];
    await forward(kinesisBatch([{ session_id: "s1", event_list: events }, "secret"]), at.ports);
    const key = "dead/2026/11/20/shardId-000000000000-1001.ndjson";
    const deadLetter = { level: "WARN", message: "dead letter", shard: "shardId-000000000000", key };
    const counts = {
      RecordsIn: 2,
      EventsForwarded: 1,
      CallsMade: 3,
      CallRetries: 0,
      Throttled: 0,
      RecordsDeadLettered: 2,
      RecordsRetried: 0,
    };
    const metrics = Object.keys(counts).map((Name) => ({ Name, Unit: "Count" }));
    assert.deepEqual(at.logs, [
      {
        ...{ level: "WARN", message: "event rejected", error: "SomeException" },
        ...{ sequenceNumber: "1001", userRecord: undefined, line: 0, event: 1 },
      },
      { ...deadLetter, sequenceNumber: "1001", reason: "rejected", events: [1] },
      { ...deadLetter, sequenceNumber: "1002", reason: "badJson", events: undefined },
      {
        level: "INFO",
        message: "batch",
        Tenant: "acme",
        Stage: "dev",
        ...counts,
        _aws: {
          Timestamp: ARRIVED * 1000,
          CloudWatchMetrics: [{ Namespace: "C360/Recommender", Dimensions: [["Tenant", "Stage"]], Metrics: metrics }],
        },
      },
    ]);
  });
});
