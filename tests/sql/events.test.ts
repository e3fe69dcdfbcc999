import * as assert from "node:assert/strict";
import { SqlFixture, type RunSettings, type TableRow, type Upstream } from "../support/sqlFixture";

/** 2026-11-20T12:00:00Z, the start of the hour of arrival. */
const NOON = 1795176000;
const HOUR = "2026/11/20/12";

describe("sql over events", () => {
  let fixture: SqlFixture;
  before(async () => {
    fixture = await SqlFixture.open();
  });
  after(() => fixture.close());

  const rowsOf = (upstream: Upstream, settings?: RunSettings) => fixture.loadAndBuild(upstream, settings);

  it("uses the last of two members with the same name", async () => {
    const text = `{"user_id":"u0","user_id":"u1","session_id":"s","event_list":[{"eventType":"a","eventType":"view","itemId":"i1","sentAt":5}]}`;
    assert.deepEqual(await rowsOf({ events: { [HOUR]: text } }), [[["u1", "i1", 5, "view", "streamed"]], {}]);
  });

  const escapes: [string, string, TableRow[], Record<string, number>][] = [
    ["escaped letters", "\\u0041\\u00eb", [["Aë", "i1", 5, "view", "streamed"]], {}],
    ["an escaped surrogate pair", "\\ud83d\\ude00", [["😀", "i1", 5, "view", "streamed"]], {}],
    ["an escaped backslash before something like half of a surrogate pair", "\\\\ud800", [["\\ud800", "i1", 5, "view", "streamed"]], {}],
    ["a surrogate pair beside half of one", "\\ud83d\\ude00\\ud83d", [], { badUserId: 1 }],
    ["the second half of a surrogate pair alone", "\\udc00", [], { badUserId: 1 }],
    ["the halves of a surrogate pair in the wrong order", "\\ude00\\ud83d", [], { badUserId: 1 }],
    ["NUL", "u\\u0000", [], { badUserId: 1 }],
    ["an escape that JSON does not define", "\\x41", [], { badJson: 1 }],
  ];
  for (const [name, user, rows, leftOut] of escapes) {
    it(`reads ${name}`, async () => {
      const text = `{"user_id":"${user}","session_id":"s","event_list":[{"eventType":"view","itemId":"i1","sentAt":5}]}`;
      assert.deepEqual(await rowsOf({ events: { [HOUR]: text } }), [rows, leftOut]);
    });
  }

  it("keeps the other events of a line in which one item has half of a surrogate pair", async () => {
    const event = (item: string): string => `{"eventType":"view","itemId":"${item}","sentAt":5}`;
    const text = `{"user_id":"😀\\ud83d\\ude00","session_id":"s","event_list":[${event("\\ud800")},${event("\\ud83d\\ude00")}]}`;
    assert.deepEqual(await rowsOf({ events: { [HOUR]: text } }), [[["😀😀", "😀", 5, "view", "streamed"]], { badItemId: 1 }]);
  });

  const refused = [
    '{"user_id":"u1",}',
    '{"a":NaN}',
    '{"a":[1,]}',
    '{"a":Infinity}',
    '{"a":-Infinity}',
    "{'a':1}",
    '{"a":1} x',
    '{"a":1} {"a":1}',
    '{"a":1},{"a":1}',
    '{"a":1}],[{"a":1}',
    '{"a":01}',
    "{",
    "[",
    "u1",
    '{"a":"\t"}',
    '/**/{"a":1}',
  ];
  for (const text of refused) {
    it(`rejects ${JSON.stringify(text)} as invalid JSON, as JavaScript does`, async () => {
      assert.throws(() => void JSON.parse(text));
      assert.deepEqual(await rowsOf({ events: { [HOUR]: text } }), [[], { badJson: 1 }]);
    });
  }

  for (const [name, value] of [
    ["the largest float", "3.4028235677973362e38"],
    ["a small float", "1e-400"],
    ["a negative float", "-3.4028235677973362e38"],
  ]) {
    it(`accepts ${name} as an event value`, async () =>
      assert.deepEqual(await rowsOf({ events: { [HOUR]: line({ eventValue: "#" }).replace('"#"', value) } }), [
        [["u1", "i1", 5, "view", "streamed"]],
        {},
      ]));
  }
  for (const value of ["3.4028235677973366e38", "-1e39", "true", "[1]", '"Infinity"', "{}"]) {
    it(`rejects ${value} as an event value`, async () =>
      assert.deepEqual(await rowsOf({ events: { [HOUR]: line({ eventValue: "#" }).replace('"#"', value) } }), [[], { badEventValue: 1 }]));
  }

  it("accepts properties as text with an escaped half of a surrogate pair, but not two objects", async () => {
    assert.equal((await rowsOf({ events: { [HOUR]: line({ properties: '{"a":"\\ud800","b":"\\\\ud800"}' }) } }))[0].length, 1);
    for (const properties of ["{} {}", "{},{}", "null", "[{}]"])
      assert.deepEqual(await rowsOf({ events: { [HOUR]: line({ properties }) } }), [[], { badProperties: 1 }]);
  });

  it("limits an event, as it is sent, to 10,240 bytes", async () => {
    const impression = Array.from({ length: 25 }, (_, i) => `${String(i).padStart(2, "0")}${"雪".repeat(120)}`);
    const sent = { eventType: "view", sentAt: 1_000_000_000, itemId: "i1", impression, metricAttribution: { eventAttributionSource: "" } };
    const room = 10_240 - Buffer.byteLength(JSON.stringify(sent)) - Buffer.byteLength("e-1");
    const text = (extra: number): string =>
      line({ ...sent, eventId: "e-1", metricAttribution: { eventAttributionSource: "x".repeat(extra), more: "y".repeat(5000) } });
    assert.ok(room > 1 && room < 1024, String(room));
    assert.deepEqual((await rowsOf({ events: { [HOUR]: text(room) } }))[1], {});
    assert.deepEqual(await rowsOf({ events: { [HOUR]: text(room + 1) } }), [[], { eventTooLarge: 1 }]);
  });

  it("distinguishes anonymous events from events without an item, and checks the event type last", async () => {
    const events = [
      line({}, { user_id: null }),
      line({ itemId: null }),
      line({ itemId: null }, { user_id: null }),
      line({ eventType: "impression" }),
    ];
    assert.deepEqual(await rowsOf({ events: { [HOUR]: events.join("\n") } }, { ignoredTypes: ["impression"] }), [
      [],
      { anonymous: 2, noItem: 1, uncountedEventType: 1 },
    ]);
  });

  it("includes events that arrived until the last hour of the run date, whenever they were sent", async () => {
    const upstream = {
      events: {
        "2026/11/19/23": line({ itemId: "yesterday", sentAt: NOON - 86_400 }),
        "2026/11/20/00": line({ itemId: "first hour, sent the day before", sentAt: "2026-11-19T23:59:59Z" }),
        "2026/11/20/23": line({ itemId: "last hour", sentAt: "2026-11-20T23:59:59Z" }),
        "2026/11/21/00": line({ itemId: "late object", sentAt: "2026-11-20T23:59:58Z" }),
      },
    };
    const items = (rows: TableRow[]): string[] => rows.map(([, item]) => item);
    assert.deepEqual(items((await rowsOf(upstream))[0]), ["first hour, sent the day before", "last hour", "yesterday"]);
    assert.deepEqual(items((await rowsOf(upstream, { runDate: "2026-11-19" }))[0]), ["yesterday"]);
    assert.deepEqual(items((await rowsOf(upstream, { runDate: "2026-11-21" }))[0]), [
      "first hour, sent the day before",
      "last hour",
      "late object",
      "yesterday",
    ]);
  });

  it("compares sentAt with the start of the hour of arrival", async () => {
    const events = { [HOUR]: [line({ sentAt: NOON + 86_400 }), line({ sentAt: NOON + 86_401 })].join("\n") };
    assert.deepEqual(await rowsOf({ events }, { runDate: "2026-11-25" }), [
      [["u1", "i1", NOON + 86_400, "view", "streamed"]],
      { badSentAt: 1 },
    ]);
  });

  it("keeps an identity once, from history and events together, and marks it as streamed", async () => {
    const upstream = {
      history: { "a.csv": "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\nu1,i1,5,view\nu1,i2,5,view\n" },
      events: { [HOUR]: [line({}), line({}), line({ sentAt: 5.9 }), line({ sentAt: 6 })].join("\n"), "2026/11/20/13": line({}) },
    };
    assert.deepEqual(await rowsOf(upstream), [
      [
        ["u1", "i1", 5, "view", "streamed"],
        ["u1", "i1", 6, "view", "streamed"],
        ["u1", "i2", 5, "view"],
      ],
      { duplicate: 4 },
    ]);
  });

  it("keeps the earliest event with an eventId, not counting bad events and other event types", async () => {
    const upstream = {
      events: {
        "2026/11/20/10": [line({ eventId: "e-1", eventType: "impression" }), line({ eventId: "e-1" }, { user_id: null })].join("\n"),
        "2026/11/20/11": line({ eventId: "e-1", itemId: "i2", sentAt: 7 }),
        [HOUR]: [
          line({ eventId: "e-1", itemId: "i0" }),
          line({ eventId: "e-2", itemId: "i2" }),
          line({ eventId: "e-3", itemId: "i2" }),
        ].join("\n"),
      },
    };
    assert.deepEqual(await rowsOf(upstream, { ignoredTypes: ["impression"] }), [
      [
        ["u1", "i2", 5, "view", "streamed"],
        ["u1", "i2", 7, "view", "streamed"],
      ],
      { anonymous: 1, duplicate: 2, uncountedEventType: 1 },
    ]);
  });
});

/** A line with one event, which is good unless a member is changed. */
function line(event: object, record: object = {}): string {
  const events = [{ eventType: "view", itemId: "i1", sentAt: 5, ...event }];
  return JSON.stringify({ user_id: "u1", session_id: "s1", event_list: events, ...record });
}
