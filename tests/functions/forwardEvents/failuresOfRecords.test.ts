import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import { DeployedForwarder } from "../../support/deployedForwarder";
import { acceptedEvents, holds, keptRecords, Ledger, payloadOf } from "../../support/forwarderLedger";
import { kinesisBatch } from "../../support/kinesisEvent";

const UNREADABLE: [string, Buffer][] = [
  ["badJson", Buffer.alloc(0)],
  ["badJson", Buffer.from('{"session_id":"s","event_li')],
  ["badUtf8", Buffer.from([0x7b, 0xff, 0x7d])],
  ["notAnObject", Buffer.from("null")],
  ["notAnObject", Buffer.from("[]")],
  ["notAnObject", Buffer.from('"text"')],
  ["notAnObject", Buffer.from("3")],
];

describe("the deployed forwarder and odd records", () => {
  let at: DeployedForwarder;
  let ledger: Ledger;
  beforeEach(async () => {
    at = await DeployedForwarder.open();
    ledger = new Ledger(at);
  });
  afterEach(() => at.close());
  const done = async (): Promise<void> => {
    at.start();
    await at.untilDone();
  };

  it("keeps every record of a batch of nothing but poison, as it came, and moves on", async () => {
    const numbers = await at.put(UNREADABLE.map(([, data]) => ({ key: "k", data })));
    await done();
    assert.equal(ledger.checkpoint(), BigInt(numbers[numbers.length - 1]));
    const kept = await keptRecords(at);
    assert.deepEqual(
      kept.map(({ reason, sequenceNumber, data, events }) => [reason, sequenceNumber, data, events]),
      UNREADABLE.map(([reason, data], i) => [reason, numbers[i], data.toString("base64"), undefined]),
    );
    assert.deepEqual(await acceptedEvents(at), []);
  });

  it("keeps a record that is no base64", async () => {
    const event = kinesisBatch(["", payloadOf({ session: "a", items: ["a1"] })]);
    event.Records[0].kinesis.data = "e30=!";
    assert.deepEqual(await at.invoke(event), { result: { batchItemFailures: [] } });
    assert.deepEqual(
      (await keptRecords(at)).map(({ reason, data }) => [reason, data]),
      [["badBase64", "e30=!"]],
    );
    assert.equal((await acceptedEvents(at)).length, 1);
  });

  it("keeps poison before a record that fails, and leaves poison after it to the next delivery", async () => {
    at.failPutEvents(new ServiceError("ServiceUnavailable", "Please try again", 503), { when: holds("a1") });
    const event = kinesisBatch(["poison 1", payloadOf({ session: "a", items: ["a1"] }), "poison 2"]);
    assert.deepEqual(await at.invoke(event), { result: { batchItemFailures: [{ itemIdentifier: "1002" }] } });
    assert.deepEqual(
      (await keptRecords(at)).map(({ sequenceNumber }) => sequenceNumber),
      ["1001"],
    );
  });

  it("brings the good events around poison through, of the same session and in order", async () => {
    await ledger.put(
      { session: "a", items: ["a1", "refused1", "a2"] },
      { session: "b", items: ["invalid1", "refused2"] },
      { session: "a", items: ["invalid2", "a3"] },
      { session: "b", items: ["b1"] },
    );
    await done();
    await ledger.checkComplete();
  });

  it("forwards a record of many events and many kilobytes ten a call, without the event that is too large", async () => {
    const large = (length: number, i: number) => ({
      eventType: "view",
      itemId: `i${i}`,
      sentAt: 1_700_000_000 + i,
      impression: impression(length),
    });
    const events = Array.from({ length: 26 }, (_, i) => large(i === 12 ? 25 : 2, i));
    const data = Buffer.from(JSON.stringify({ session_id: "s", event_list: events }));
    assert.ok(data.length > 20 * 1024);
    const [number] = await at.put([{ key: "s", data }]);
    await done();
    const accepted = (await acceptedEvents(at)) as unknown as { call: number; event: { itemId: string; impression: string[] } }[];
    assert.deepEqual(
      accepted.map(({ event: { itemId, impression: seen } }) => [itemId, seen]),
      events.filter((_, i) => i !== 12).map(({ itemId, impression: sent }) => [itemId, sent]),
    );
    const sizes = [...new Set(accepted.map(({ call }) => call))].map((call) => accepted.filter((entry) => entry.call === call).length);
    assert.deepEqual(sizes, [10, 10, 5]);
    assert.deepEqual(
      (await keptRecords(at)).map(({ reason, sequenceNumber, events: bad, data: raw }) => [reason, sequenceNumber, bad, raw]),
      [["eventTooLarge", number, [12], data.toString("base64")]],
    );
  });
});

/** Item ids of 256 characters with two bytes each. */
const impression = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i).padEnd(256, "é"));
