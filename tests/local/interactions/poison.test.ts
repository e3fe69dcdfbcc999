import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { badParts, reasonOf } from "../../../functions/forwardEvents/deadLetters";
import { plan } from "../../../functions/forwardEvents/plan";
import { POISON } from "../../../local/interactions/poison";
import { planProduction, splitInteractions } from "../../../local/interactions/production";
import { encodeRecord, eventsOf, planRecords, type ProducedRecord } from "../../../local/interactions/records";
import { interactions, tableOf } from "../../support/interactions";

const KINDS = Object.keys(POISON);
const NOW_SECONDS = 1_700_020_000;
const rows = interactions.filter(({ length }) => length > 0);
const share = fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true });
const records = (from: Parameters<typeof tableOf>[0], poison: number, seed: number): ProducedRecord[] => [
  ...planProduction(tableOf(from), { split: "time", liveShare: 0.5, seed, poison }).records(),
];
const isGood = ({ poison }: ProducedRecord): boolean => poison === undefined;

/** What the forwarder makes of a record that arrives now, before anything is sent. */
function forwarded({ data }: ProducedRecord) {
  const kinesis = {
    ...{ sequenceNumber: "1", partitionKey: "k", kinesisSchemaVersion: "1.0", approximateArrivalTimestamp: NOW_SECONDS },
    data: data.toString("base64"),
  };
  const source = { eventSource: "", eventVersion: "", eventName: "", invokeIdentityArn: "", awsRegion: "", eventSourceARN: "" };
  const { records, groups } = plan([{ ...source, eventID: "s:1", kinesis }]);
  const [record] = records;
  const ids = groups.flatMap(({ calls }) => calls.flat().map(({ event }) => event.eventId));
  for (const line of record.lines) line.events = line.events.map((state) => (state === "pending" ? "accepted" : state));
  const reason = reasonOf(record);
  return { events: new Set(ids).size, deadLetter: reason && { reason, ...(JSON.parse(JSON.stringify(badParts(record))) as object) } };
}

describe("poison", () => {
  it("is of the kinds that are told apart", () => {
    const kinds =
      "badJson badUtf8 empty notObject noSession sessionNull noEvents badSentAt emptyId longId oversizeEvent longProperties reservedProperty noValueId hugeNumberId misspeltUser misspeltItem itemInProperties mixed repeated tooMany anonymous lineBreak twoLines badLine aggregate badUserRecord brokenAggregate";
    assert.deepEqual(KINDS, kinds.split(" "));
  });

  it("comes beside the good records, which stay as they are, and is the same for the same seed", () => {
    fc.assert(
      fc.property(rows, share, fc.nat(), (from, poison, seed) => {
        const mixed = records(from, poison, seed);
        const table = tableOf(from);
        const { live } = splitInteractions(table, "time", 0.5);
        const planned = planRecords(table, live, seed);
        const good = planned.records.map((one) => encodeRecord(planned.sessions[one.session], eventsOf(planned, one)));
        assert.deepEqual(mixed.filter(isGood), good);
        assert.deepEqual(records(from, 0, seed), good);
        assert.deepEqual(mixed, records(from, poison, seed));
      }),
    );
  });

  it("has each kind at least once, and the share of turns beyond that", () => {
    fc.assert(
      fc.property(rows, share, fc.nat(), (from, poison, seed) => {
        const mixed = records(from, poison, seed);
        const turns = KINDS.map((kind) => mixed.filter((record) => record.poison === kind).length / (kind === "repeated" ? 2 : 1));
        const total = turns.reduce((sum, count) => sum + count);
        assert.equal(total, Math.max(KINDS.length, Math.round(mixed.filter(isGood).length * poison)));
        assert.ok(Math.min(...turns) >= 1 && Math.max(...turns) - Math.min(...turns) <= 1, turns.join(" "));
      }),
    );
  });

  it("begins with another kind for another seed", () => {
    const from = [{ userId: "u", itemId: "i", timestamp: NOW_SECONDS, eventType: "watch" }];
    const first = Array.from({ length: 50 }, (_, seed) => records(from, 1, seed)[1].poison);
    assert.ok(new Set(first).size > 5);
  });

  it("is spread evenly", () => {
    const from = Array.from({ length: 400 }, (_, n) => ({ userId: `u${n}`, itemId: "i", timestamp: 1000 + n, eventType: "watch" }));
    const share = (2 * KINDS.length) / (from.length / 2);
    const places = records(from, share, 1).flatMap(({ poison }, place) => (poison === undefined ? [] : [place]));
    assert.equal(places.length, 2 * KINDS.length + 2);
    for (const [n, place] of places.entries()) assert.ok(n === 0 || place - places[n - 1] <= 8);
  });

  it("ends in the forwarder as its kind says, whatever good record it is made from", () => {
    const edges = fc.record({
      userId: fc.constantFrom("u", "é".repeat(256)),
      itemId: fc.constantFrom("i", "poison-session-0", "x".repeat(256)),
      timestamp: fc.constantFrom(1, 12, NOW_SECONDS + 86_400),
      eventType: fc.constantFrom("watch", "雪".repeat(256)),
    });
    const some = fc.oneof(rows, fc.array(edges, { minLength: 1, maxLength: 5 }));
    fc.assert(
      fc.property(some, fc.nat(), (from, seed) => {
        for (const record of records(from, 1, seed).filter((one) => !isGood(one))) {
          const { poison, events, deadLetter } = record;
          assert.deepEqual({ poison, ...forwarded(record) }, { poison, events, deadLetter });
        }
      }),
      { numRuns: 30 },
    );
  });

  it("differs from every other record, but for the empty and the repeated one, and takes one line unless it must not", () => {
    const from = Array.from({ length: 80 }, (_, n) => ({ userId: "u", itemId: "i", timestamp: 1000 + n * 4000, eventType: "watch" }));
    const mixed = records(from, 1, 3);
    const copies = mixed.filter(({ poison }) => poison !== "empty").map(({ data }) => data.toString("latin1"));
    const repeated = mixed.filter(({ poison }) => poison === "repeated");
    assert.equal(copies.length - new Set(copies).size, repeated.length / 2);
    const longer = new Set(mixed.filter(({ data }) => data.includes("\n")).map(({ poison }) => poison));
    assert.deepEqual([...longer].sort(), ["aggregate", "badLine", "badUserRecord", "brokenAggregate", "lineBreak", "twoLines"]);
    assert.ok(mixed.filter(({ poison }) => poison === "empty").every(({ data }) => data.length === 0));
    for (const [n, { poison, data }] of mixed.entries()) {
      if (poison === "repeated") assert.ok([mixed[n - 1], mixed[n + 1]].some((one) => one.data.equals(data)));
    }
  });
});
