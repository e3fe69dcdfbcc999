import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { aggregate } from "../../../local/interactions/aggregate";
import { deadLettersOf, fakePorts, forward } from "../../support/forwardFixture";
import { ARRIVED, kinesisBatch } from "../../support/kinesisEvent";

/** A line, or what stands for one: its events' items, where it has any. */
type Line = { kinds: string[]; session: number } | { bytes: Buffer };
/** A user record, or a whole record. */
interface Part {
  lines: Line[];
  end: string;
}
type Content = { parts: Part[]; aggregated: boolean } | { broken: Buffer };

const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kinds: fc.array(fc.constantFrom("good", "good", "bad", "poison"), { minLength: 1, maxLength: 12 }),
      session: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("", " \t", "{", "[]", "7", '{"session_id":"s","event_list":[]}', "\u{feff}{}", "ÿ")
      .map((text) => ({ bytes: Buffer.from(text, text === "ÿ" ? "latin1" : "utf8") })),
  },
);
const part = fc.record({ lines: fc.array(line, { maxLength: 5 }), end: fc.constantFrom("\n", "\r\n", "\r") });
const content: fc.Arbitrary<Content> = fc.oneof(
  { weight: 3, arbitrary: part.map((one) => ({ parts: [one], aggregated: false })) },
  { weight: 2, arbitrary: fc.array(part, { maxLength: 4 }).map((parts) => ({ parts, aggregated: true })) },
  { weight: 1, arbitrary: fc.uint8Array().map((bytes) => ({ broken: Buffer.concat([Buffer.from("f3899ac2", "hex"), bytes]) })) },
  { weight: 1, arbitrary: fc.uint8Array({ max: 9, maxLength: 40 }).map((bytes) => ({ broken: Buffer.from(bytes) })) },
);
const contents = fc.array(content, { minLength: 1, maxLength: 15 });

const itemOf = (kind: string, ...place: number[]): string => `${kind}-${place.join("-")}`;
function bytesOf(one: Line, place: number[]): Buffer {
  if ("bytes" in one) return one.bytes;
  const event_list = one.kinds.map((kind, e) => {
    return { eventType: "view", itemId: itemOf(kind, ...place, e), sentAt: kind === "bad" ? 0 : ARRIVED };
  });
  return Buffer.from(JSON.stringify({ session_id: `s${one.session}`, event_list }));
}
function encode(record: Content, r: number): Buffer {
  if ("broken" in record) return record.broken;
  const parts = record.parts.map(({ lines, end }, p) => {
    const chunks = lines.flatMap((one, l) => [Buffer.from(l === 0 ? "" : end), bytesOf(one, [r, p, l])]);
    return Buffer.concat(chunks);
  });
  return record.aggregated ? aggregate("k", parts) : parts[0];
}
const isBlank = (one: Line): boolean => "bytes" in one && one.bytes.toString().trim() === "" && one.bytes[0] !== 0xef;

describe("any mix of lines, aggregates and bad bytes", () => {
  it("is accounted for exactly: each event is sent, or its dead letter tells it", async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (records) => {
        const at = fakePorts();
        const batch = kinesisBatch(records.map(encode));
        assert.deepEqual(await forward(batch, at.ports), { failed: [] });
        const sent = new Set([...at.accepted.values()].flat());
        const letters = new Map(deadLettersOf(at.stored).map((letter) => [letter.sequenceNumber, letter]));
        const good = new Set<string>();
        records.forEach((record, r) => {
          const { sequenceNumber, data } = batch.Records[r].kinesis;
          const letter = letters.get(sequenceNumber);
          if (letter) assert.equal(letter.data, data);
          if ("broken" in record) return assert.ok(letter !== undefined && letter.events === undefined && letter.lines === undefined);
          const places = record.parts.flatMap(({ lines }, p) => lines.flatMap((one, l) => (isBlank(one) ? [] : [{ one, p, l }])));
          if (places.length === 0) return assert.deepEqual([letter?.reason, letter?.lines], ["badJson", undefined]);
          const isSingle = places.length === 1 && !record.aggregated;
          const bad = places.flatMap(({ one, p, l }) => {
            const events = "bytes" in one ? [] : one.kinds.flatMap((kind, e) => (kind === "good" ? [] : [e]));
            if (!("bytes" in one)) one.kinds.forEach((kind, e) => kind === "good" && good.add(itemOf(kind, r, p, l, e)));
            if (!("bytes" in one) && events.length === 0) return [];
            const isWhole = "bytes" in one || events.length === one.kinds.length;
            return [{ ...(record.aggregated && { userRecord: p }), line: l, ...(!isWhole && { events }) }];
          });
          if (bad.length === 0) return assert.equal(letter, undefined);
          assert.ok(letter);
          const { lines, events } = letter;
          const told = { lines: lines?.map(({ reason: _reason, ...place }) => place), events };
          const expected = isSingle ? { lines: undefined, events: bad[0].events } : { lines: bad, events: undefined };
          assert.deepEqual(told, expected);
        });
        assert.deepEqual(sent, good);
      }),
      { numRuns: 500 },
    );
  });
});
