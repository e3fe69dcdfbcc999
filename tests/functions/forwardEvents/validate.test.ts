import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { decodeLine, isText, parseSentAt, validateEvent } from "../../../functions/forwardEvents/validate";
import { ARRIVED } from "../../support/kinesisEvent";

const SENDER = { userId: "u1", sessionId: "s1" };

describe("parseSentAt", () => {
  it("parses the same second from every form of an instant", () => {
    const instant = fc.integer({ min: 1e11, max: ARRIVED * 1000 });
    fc.assert(
      fc.property(instant, fc.integer({ min: -14 * 60, max: 14 * 60 }), (milliseconds, offset) => {
        const seconds = Math.floor(milliseconds / 1000);
        const local = new Date(milliseconds + offset * 60_000).toISOString().slice(0, -1);
        const size = Math.abs(offset);
        const zone = `${offset < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
        const forms = [milliseconds, seconds, seconds + 0.5, new Date(milliseconds).toISOString(), local + zone];
        assert.deepEqual(
          forms.map((form) => parseSentAt(form, ARRIVED)),
          forms.map(() => seconds),
        );
      }),
    );
  });

  it("parses a date-time without a zone as UTC in every time zone", () => {
    const before = process.env.TZ;
    try {
      for (const zone of ["Asia/Singapore", "America/St_Johns", "UTC"]) {
        process.env.TZ = zone;
        assert.equal(parseSentAt("2026-11-20T11:59:00", ARRIVED), ARRIVED - 60);
        assert.equal(parseSentAt("2026-11-20", ARRIVED), ARRIVED - 12 * 3600);
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  it("returns nothing but whole seconds between 1 and a day after the arrival", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.string(), fc.anything()), (value) => {
        const seconds = parseSentAt(value, ARRIVED);
        if (seconds === undefined) return;
        assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= ARRIVED + 86_400, String(seconds));
      }),
    );
  });
});

describe("decodeLine", () => {
  it("accepts a line nested deeper than the stack", () => {
    const deep = `${'{"a":'.repeat(150_000)}1${"}".repeat(150_000)}`;
    const decoded = decodeLine(`{"session_id":"s1","event_list":[{"properties":${deep}}]}`);
    assert.ok(decoded.ok);
    const event = { ...(decoded.events[0] as object), eventType: "view", sentAt: ARRIVED };
    assert.deepEqual(validateEvent(event, SENDER, ARRIVED), { ok: false, reason: "badProperties" });
  });
});

describe("isText", () => {
  it("counts characters, not UTF-16 units", () => {
    assert.equal(isText("\u{1F600}".repeat(256), 256), true);
    assert.equal(isText("\u{1F600}".repeat(257), 256), false);
    assert.equal(isText("a".repeat(257), 256), false);
    assert.equal(isText("", 256), false);
  });

  it("rejects every control character", () => {
    for (let code = 0; code < 0xa0; code += 1) {
      assert.equal(isText(`a${String.fromCharCode(code)}`, 256), code >= 0x20 && code < 0x7f, String(code));
    }
  });
});

describe("eventId", () => {
  const idOf = (event: object, sender: typeof SENDER | { userId: undefined; sessionId: string } = SENDER) => {
    const validated = validateEvent({ eventType: "view", itemId: "i1", sentAt: ARRIVED, ...event }, sender, ARRIVED);
    assert.ok(validated.ok);
    return validated.event.eventId;
  };

  it("is the same for every form of an event", () => {
    const id = idOf({});
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(idOf({ sentAt: ARRIVED * 1000 + 999 }), id);
    assert.equal(idOf({ sentAt: "2026-11-20T12:00:00Z", eventValue: null, colour: "red" }), id);
    assert.equal(idOf({}, { userId: "u1", sessionId: "s2" }), id);
  });

  it("differs for another user, session of an anonymous one, or content", () => {
    const others = [
      idOf({}),
      idOf({}, { userId: "s1", sessionId: "s1" }),
      idOf({}, { userId: undefined, sessionId: "s1" }),
      idOf({}, { userId: undefined, sessionId: "u1" }),
      idOf({ itemId: "i2" }),
      idOf({ itemId: undefined }),
      idOf({ sentAt: ARRIVED - 1 }),
      idOf({ eventValue: 1 }),
      idOf({ properties: { a: 1 } }),
      idOf({ impression: ["i1"] }),
      idOf({ recommendationId: "i1" }),
    ];
    assert.equal(new Set(others).size, others.length);
  });
});
