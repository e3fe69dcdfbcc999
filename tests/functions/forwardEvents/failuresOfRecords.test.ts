import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import { DeployedForwarder } from "../../support/deployedForwarder";
import { acceptedEvents, holds, type KeptRecord, keptRecords, Ledger, payloadOf } from "../../support/forwarderLedger";
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

describe("the deployed forwarder, given bad records", () => {
  let at: DeployedForwarder;
  let ledger: Ledger;
  before(async () => {
    at = await DeployedForwarder.open();
    at.start();
  });
  beforeEach(async () => void (ledger = await Ledger.open(at)));
  afterEach(() => at.running.faults.clear());
  after(() => at.close());
  const keptOf = async (numbers: readonly string[]): Promise<KeptRecord[]> =>
    (await keptRecords(at)).filter(({ sequenceNumber }) => numbers.includes(sequenceNumber));

  it("keeps every record of a batch of bad records unchanged, and moves on", async () => {
    const before = await acceptedEvents(at);
    const numbers = await at.put(UNREADABLE.map(([, data]) => ({ key: "k", data })));
    await at.untilDone();
    assert.equal(ledger.checkpoint(), BigInt(numbers[numbers.length - 1]));
    assert.deepEqual(
      (await keptOf(numbers)).map(({ reason, sequenceNumber, data, events }) => [reason, sequenceNumber, data, events]),
      UNREADABLE.map(([reason, data], i) => [reason, numbers[i], data.toString("base64"), undefined]),
    );
    assert.deepEqual(await acceptedEvents(at), before);
  });

  it("keeps a record whose data is not base64", async () => {
    const event = kinesisBatch(["", payloadOf({ session: "base64", items: ["b1"] })], 1001);
    event.Records[0].kinesis.data = "e30=!";
    assert.deepEqual(await at.invoke(event), { result: { batchItemFailures: [] } });
    assert.deepEqual(
      (await keptOf(["1001", "1002"])).map(({ reason, data }) => [reason, data]),
      [["badBase64", "e30=!"]],
    );
    assert.equal((await ledger.accepted()).length, 1);
  });

  it("keeps bad records before a record that fails, but not those after it", async () => {
    at.failPutEvents(new ServiceError("ServiceUnavailable", "Please try again", 503), { when: holds("f1") });
    const event = kinesisBatch(["poison 1", payloadOf({ session: "fails", items: ["f1"] }), "poison 2"], 2001);
    assert.deepEqual(await at.invoke(event), { result: { batchItemFailures: [{ itemIdentifier: "2002" }] } });
    assert.deepEqual(
      (await keptOf(["2001", "2002", "2003"])).map(({ sequenceNumber }) => sequenceNumber),
      ["2001"],
    );
  });

  it("forwards the good events around bad ones of the same session, in order", async () => {
    await ledger.put(
      { session: "a", items: ["a1", "refused1", "a2"] },
      { session: "b", items: ["invalid1", "refused2"] },
      { session: "a", items: ["invalid2", "a3"] },
      { session: "b", items: ["b1"] },
    );
    await at.untilDone();
    await ledger.checkComplete();
  });

  it("forwards a large record with ten events per call, without the event that is too large", async () => {
    const events = Array.from({ length: 26 }, (_, i) => {
      return { eventType: "view", itemId: `i${i}`, sentAt: 1_700_000_000 + i, impression: impression(i === 12 ? 25 : 2) };
    });
    const data = Buffer.from(JSON.stringify({ session_id: "s", event_list: events }));
    assert.ok(data.length > 20 * 1024);
    const numbers = await at.put([{ key: "s", data }]);
    await at.untilDone();
    const accepted = (await ledger.accepted()) as unknown as { call: number; event: { itemId: string; impression: string[] } }[];
    assert.deepEqual(
      accepted.map(({ event }) => [event.itemId, event.impression]),
      events.filter((_, i) => i !== 12).map((event) => [event.itemId, event.impression]),
    );
    const sizes = [...new Set(accepted.map(({ call }) => call))].map((call) => accepted.filter((entry) => entry.call === call).length);
    assert.deepEqual(sizes, [10, 10, 5]);
    assert.deepEqual(
      (await keptOf(numbers)).map(({ reason, events: bad, data: raw }) => [reason, bad, raw]),
      [["eventTooLarge", [12], data.toString("base64")]],
    );
  });
});

/** Item ids of 256 characters with two bytes each. */
const impression = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i).padEnd(256, "é"));
