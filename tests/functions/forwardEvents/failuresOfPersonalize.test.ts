import * as assert from "node:assert/strict";
import { type Json, ServiceError } from "@c360/local-aws";
import { DeployedForwarder, SHARD } from "../../support/deployedForwarder";
import { eventually } from "@c360/local-aws/testing";
import { acceptedEvents, holds, keptRecords, payloadOf, type SessionRecord } from "../../support/forwarderLedger";
import { kinesisBatch } from "../../support/kinesisEvent";

const THROTTLED = new ServiceError("ThrottlingException", "Rate exceeded", 400);
const UNAVAILABLE = new ServiceError("ServiceUnavailable", "Please try again", 503);
const batch = (...records: SessionRecord[]) => kinesisBatch(records.map(payloadOf));
const failures = (...numbers: string[]) => ({ result: { batchItemFailures: numbers.map((itemIdentifier) => ({ itemIdentifier })) } });
const ofSession =
  (session: string) =>
  ({ sessionId }: Json): boolean =>
    sessionId === session;

describe("the deployed forwarder when Personalize fails", () => {
  let at: DeployedForwarder;
  before(async () => void (at = await DeployedForwarder.open()));
  afterEach(() => at.running.faults.clear());
  after(() => at.close());
  const itemsOf = async (session: string): Promise<string[]> =>
    (await acceptedEvents(at)).filter(({ sessionId }) => sessionId === session).map(({ event }) => event.itemId);
  const untilMetrics = (expected: Json): Promise<void> =>
    eventually(async () => {
      const metrics = await at.metrics();
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, metrics[name]])), expected);
    });

  it("returns the records whose calls are throttled, unavailable or disconnected three times, and forwards the others", async () => {
    const faults = ([THROTTLED, UNAVAILABLE, "disconnect"] as const).map((kind, i) => at.failPutEvents(kind, { when: holds(`k${i + 1}`) }));
    const records = Array.from({ length: 5 }, (_, i) => ({ session: `k${i}`, items: [`k${i}`] }));
    assert.deepEqual(await at.invoke(batch(...records)), failures("1002", "1003", "1004"));
    assert.deepEqual(
      faults.map(({ injected }) => injected),
      [3, 3, 3],
    );
    assert.deepEqual((await acceptedEvents(at)).map(({ event }) => event.itemId).sort(), ["k0", "k4"]);
    await untilMetrics({ EventsForwarded: 2, CallsMade: 5, CallRetries: 6, Throttled: 1, RecordsRetried: 3, RecordsDeadLettered: 0 });
  });

  it("recovers from a silent socket, a throttled call and a lost response", async () => {
    at.failPutEvents("silence", { when: holds("o1"), to: 1 });
    at.failPutEvents(THROTTLED, { when: holds("o2"), to: 1 });
    at.failPutEvents("loseAnswer", { when: holds("o3"), to: 1 });
    assert.deepEqual(await at.invoke(batch(...["o1", "o2", "o3"].map((item) => ({ session: item, items: [item] })))), failures());
    await untilMetrics({ EventsForwarded: 3, CallsMade: 3, CallRetries: 3, RecordsRetried: 0 });
    const twice = (await acceptedEvents(at)).filter(({ sessionId }) => sessionId === "o3").map(({ event }) => event.eventId);
    assert.deepEqual([twice.length, new Set(twice).size], [2, 1]);
  });

  it("sends nothing of a session after its failed call", async () => {
    const fault = at.failPutEvents(UNAVAILABLE, { when: ofSession("order"), from: 2 });
    const items = Array.from({ length: 30 }, (_, i) => `order${i}`);
    assert.deepEqual(await at.invoke(batch({ session: "order", items })), failures("1001"));
    assert.deepEqual(await itemsOf("order"), items.slice(0, 10));
    assert.equal(fault.injected, 3);
    await untilMetrics({ CallsMade: 2 });
  });

  it("splits a rejected call until the bad event is alone, and keeps the record of that event", async () => {
    const event = batch({ session: "split", items: ["i0", "i1", "refused", "i3", "i4", "i5"] });
    assert.deepEqual(await at.invoke(event), failures());
    assert.deepEqual(await itemsOf("split"), ["i0", "i1", "i3", "i4", "i5"]);
    await untilMetrics({ EventsForwarded: 5, CallsMade: 5, RecordsDeadLettered: 1 });
    assert.deepEqual(await keptRecords(at), [
      {
        reason: "rejected",
        sequenceNumber: "1001",
        shard: SHARD,
        partitionKey: "p",
        arrived: "2026-11-20T12:00:00.000Z",
        events: [2],
        data: event.Records[0].kinesis.data,
      },
    ]);
  });

  for (const [code, status, message] of [
    ["AccessDeniedException", 403, "not authorized to perform: personalize:PutEvents"],
    ["ResourceNotFoundException", 404, "no tracker"],
    ["InvalidInputException", 400, "The tracking id is invalid"],
  ] as const) {
    it(`fails the invocation on ${code} (${message}) and keeps nothing in the dead-letter store`, async () => {
      const before = await keptRecords(at);
      at.failPutEvents(new ServiceError(code, message, status));
      assert.deepEqual(await at.invoke(kinesisBatch(["poison", payloadOf({ session: "m", items: ["m1"] })])), {
        error: { name: "Misconfiguration", message: `PutEvents answered ${code} (${status}): ${message}` },
      });
      assert.deepEqual(await keptRecords(at), before);
    });
  }

  it("logs no payload", async () => {
    at.failPutEvents(new ServiceError("InternalServerException", "secret", 500), { when: holds("i-secret") });
    at.failPutEvents(new ServiceError("InvalidInputException", "Value 'secret' is not taken"), { when: holds("bad-secret") });
    const records = ["bad-secret", "i-secret"].map((item) => payloadOf({ session: `s-${item}`, items: [item] }));
    assert.deepEqual(await at.invoke(kinesisBatch([records[0], '{"secret"', records[1]])), failures("1003"));
    await untilMetrics({ RecordsDeadLettered: 2, RecordsRetried: 1 });
    const text = await at.text();
    assert.match(text, /InternalServerException/);
    assert.match(text, /"event rejected","error":"PutEvents answered InvalidInputException \(400\): Value … is not taken"/);
    assert.doesNotMatch(text, /secret/);
    assert.ok(!text.includes(Buffer.from('{"secret"').toString("base64").slice(0, 8)));
  });
});

describe("the deployed forwarder with a low call rate", () => {
  it("returns what it cannot send in time", async () => {
    const at = await DeployedForwarder.open({ callsPerSecond: 0.1, timeoutSeconds: 10 });
    try {
      const records = Array.from({ length: 4 }, (_, i) => ({ session: `s${i}`, items: [`i${i}`] }));
      assert.deepEqual(await at.invoke(batch(...records)), failures("1002", "1003", "1004"));
      assert.deepEqual(
        (await acceptedEvents(at)).map(({ event }) => event.itemId),
        ["i0"],
      );
    } finally {
      await at.close();
    }
  });
});
