import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { plan } from "../../functions/forwardEvents/plan";
import { ARRIVED, kinesisRecord } from "../support/kinesisEvent";
import { SqlFixture } from "../support/sqlFixture";

const HOUR = "2026/11/20/12";
/** Stands for a number that JavaScript cannot write. */
const HUGE = { "<1e309>": "1e309", "<-1e309>": "-1e309", "<digits>": "9".repeat(310) };
const good = fc.constantFrom("1", "a", "0", "😀", "null!");
const bad = fc.constantFrom("\ud83d", "null", "\\N", "NaN", "Infinity", "", "x".repeat(257), "\u0085", "\u2028".repeat(257));
const odd = fc.constantFrom<unknown>(null, 7, -1.5, 1e300, true, [], ["a"], {}, { a: 1 }, ...Object.keys(HUGE));
const id = fc.oneof({ weight: 60, arbitrary: good }, { weight: 3, arbitrary: bad }, { weight: 1, arbitrary: odd });
const value = fc.oneof(
  { weight: 5, arbitrary: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom("4.5", "1e3", "-0")) },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom("04", "x", "1e39", 3.5e38), odd) },
);
const property = fc.constantFrom(
  "itemId",
  "itemId",
  "eventValue",
  "note",
  "item_id",
  "timestamp",
  "UserId",
  "Impression",
  "__proto__",
  "constructor",
);
const object = fc.array(fc.tuple(property, fc.oneof(id, value)), { maxLength: 3 }).map((members) => `{${members.map(written).join()}}`);
const properties = fc.oneof(
  object.map((text) => ({ raw: text })),
  object,
  fc.constantFrom<unknown>(null, "", "{", "[]", "{} {}", "{},{}", [{}], { note: "x".repeat(1013) }, { note: "x".repeat(1014) }),
);
const sentAt = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: ARRIVED - 10, max: ARRIVED }) },
  fc.constantFrom<unknown>(
    ARRIVED * 1000,
    0,
    "2026-11-20",
    "2026-11-20T11:00:00Z",
    "2026-11-20 11:00",
    "2026-11-20 11:00:00.5+01:00",
    "2026-11-20  11:00",
    "1795176000",
    ...Object.keys(HUGE),
  ),
);
const impression = fc.array(id, { minLength: 1, maxLength: 3 });
const attribution = fc.oneof(
  { weight: 4, arbitrary: id.map((source) => ({ eventAttributionSource: source })) },
  { weight: 1, arbitrary: odd },
);
const eventMembers: [string, fc.Arbitrary<unknown>, ...string[]][] = [
  ["eventType", id, "event_type"],
  ["sentAt", sentAt, "SENTAT", "sent-at"],
  ["itemId", id, "item_id", "ItemID", "itemId_"],
  ["eventId", id, "eventid"],
  ["eventValue", value, "event_value"],
  ["properties", properties, "Properties"],
  ["impression", impression, "impressions", "IMPRESSION"],
  ["recommendationId", id, "recommendation_id"],
  ["metricAttribution", attribution, "metric_attribution"],
];
const always = ["eventType", "sentAt", "session_id", "event_list"];

/** The text of an object with some of the members, now and then misspelt, null or twice. */
function objectOf(members: [string, fc.Arbitrary<unknown>, ...string[]][]): fc.Arbitrary<string> {
  const each = members.map(([name, content, ...others]): fc.Arbitrary<[string, unknown][]> => {
    const often = fc.tuple(fc.constant(name), content).map((one) => [one]);
    const other = fc.tuple(fc.constantFrom("more", ...others), fc.oneof(content, fc.constant(null)));
    const rarely = fc.oneof(
      other.map((one) => [one]),
      fc.tuple(fc.tuple(fc.constant(name), fc.oneof(content, fc.constant(null))), other),
      fc.constant<[string, unknown][]>([]),
    );
    return always.includes(name)
      ? fc.oneof({ weight: 30, arbitrary: often }, { weight: 1, arbitrary: rarely })
      : fc.oneof(
          { weight: 3, arbitrary: fc.constant<[string, unknown][]>([]) },
          { weight: 2, arbitrary: often },
          { weight: 1, arbitrary: rarely },
        );
  });
  return fc.tuple(...each).map((parts) => `{${parts.flat().map(written).join()}}`);
}

function written([name, content]: [string, unknown]): string {
  const raw = typeof content === "object" && content !== null && "raw" in content ? String(content.raw) : JSON.stringify(content);
  return `${JSON.stringify(name)}:${Object.entries(HUGE).reduce((text, [word, number]) => text.replaceAll(`"${word}"`, number), raw)}`;
}

const events = fc.array(fc.oneof({ weight: 40, arbitrary: objectOf(eventMembers) }, fc.constantFrom("null", "1")), {
  minLength: 1,
  maxLength: 3,
});
const record = objectOf([
  ["user_id", id, "userId", "USER-ID"],
  ["session_id", id, "sessionId"],
  ["event_list", events.map((list) => ({ raw: `[${list.join()}]` })), "eventList", "itemId"],
]);

/** What the forwarder makes of a line: each event's reason or interaction, or the reason of the line. */
function forwarderOn(text: string): string[] {
  const { records, groups } = plan([kinesisRecord(Buffer.from(text))]);
  const [{ reason, events: states }] = records[0].lines;
  if (reason !== undefined) return [reason];
  const sent = groups.flatMap(({ userId, calls }) =>
    calls.flat().map(({ event: { itemId, sentAt: seconds, eventType } }) => {
      if (userId === undefined) return "anonymous";
      return itemId === undefined ? "noItem" : JSON.stringify([userId, itemId, seconds, eventType]);
    }),
  );
  return [...sent, ...states.filter((state) => state !== "pending")].sort();
}

describe("the forwarder and the SQL", () => {
  let fixture: SqlFixture;
  before(async () => {
    fixture = await SqlFixture.open();
  });
  after(() => fixture.close());

  it("agree on every event", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 300, maxLength: 300 }), async (texts) => {
        await fixture.load({ events: Object.fromEntries(texts.map((text, i) => [`${HOUR}/${i}`, text])) });
        const found = await fixture.events();
        for (const [i, text] of texts.entries()) {
          const verdicts = (found.get(`${HOUR}/${i}`) ?? []).map(({ reason, interaction }) => reason ?? JSON.stringify(interaction));
          assert.deepEqual(verdicts.sort(), forwarderOn(text), text);
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });
});
