import * as fc from "fast-check";
import * as assert from "node:assert/strict";
import { Cron } from "../src/scheduler/cron";
import { readExpression } from "../src/scheduler/expression";
import { TimeZone } from "../src/scheduler/timeZone";

const MINUTE = 60_000;

/** The times of an expression that follow an instant. */
function times(expression: string, after: string, count: number, zone = "UTC"): string[] {
  const next = readExpression(expression, zone, Date.parse(after));
  const found: string[] = [];
  for (let at: number | undefined = Date.parse(after); found.length < count;) {
    at = next(at);
    if (at === undefined) return found;
    found.push(new Date(at).toISOString().replace(":00.000Z", ""));
  }
  return found;
}

describe("local EventBridge Scheduler: cron", () => {
  it("takes numbers, lists, ranges, steps and names", () => {
    const after = "2026-01-31T02:15:00Z";
    assert.deepEqual(times("cron(15 2 * * ? *)", after, 2), ["2026-02-01T02:15", "2026-02-02T02:15"]);
    assert.deepEqual(
      times("cron(0,30 8-9 * * ? *)", after, 5).map((text) => text.slice(8)),
      ["31T08:00", "31T08:30", "31T09:00", "31T09:30", "01T08:00"],
    );
    assert.deepEqual(times("cron(5/20 0 1 * ? *)", after, 4), [
      "2026-02-01T00:05",
      "2026-02-01T00:25",
      "2026-02-01T00:45",
      "2026-03-01T00:05",
    ]);
    assert.deepEqual(times("cron(0 12 ? * MON,fri *)", after, 3), ["2026-02-02T12:00", "2026-02-06T12:00", "2026-02-09T12:00"]);
    assert.deepEqual(times("cron(0 0 ? FEB 1-2 *)", after, 3), ["2026-02-01T00:00", "2026-02-02T00:00", "2026-02-08T00:00"]);
    assert.deepEqual(times("cron(0 0 1 JAN-DEC/6 ? 2026-2027)", after, 9), ["2026-07-01T00:00", "2027-01-01T00:00", "2027-07-01T00:00"]);
    assert.deepEqual(times("cron(0 0 29 2 ? *)", after, 2), ["2028-02-29T00:00", "2032-02-29T00:00"]);
    assert.deepEqual(times("cron(0 0 30 2 ? *)", after, 1), []);
    assert.deepEqual(times("cron(0 0 1 1 ? 2025)", after, 1), []);
  });

  it("is by the clocks of its zone", () => {
    assert.deepEqual(times("cron(15 2 * * ? *)", "2026-01-31T00:00:00Z", 2, "Asia/Singapore"), ["2026-01-31T18:15", "2026-02-01T18:15"]);
    assert.deepEqual(times("cron(30 9 ? * MON-FRI *)", "2026-03-27T08:00:00Z", 3, "Europe/Berlin"), [
      "2026-03-27T08:30",
      "2026-03-30T07:30",
      "2026-03-31T07:30",
    ]);
  });

  it("leaves out a time that the clocks skip", () => {
    const expected = ["2026-03-28T01:30", "2026-03-30T00:30", "2026-03-31T00:30"];
    assert.deepEqual(times("cron(30 2 * * ? *)", "2026-03-28T00:00:00Z", 3, "Europe/Berlin"), expected);
    assert.deepEqual(times("cron(0 * * * ? *)", "2026-03-29T00:00:00Z", 2, "Europe/Berlin"), ["2026-03-29T01:00", "2026-03-29T02:00"]);
  });

  it("counts a time that the clocks show twice once", () => {
    const expected = ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"];
    assert.deepEqual(times("cron(30 2 * * ? *)", "2026-10-24T00:00:00Z", 3, "Europe/Berlin"), expected);
    assert.deepEqual(times("cron(30 2 * * ? *)", "2026-10-25T01:10:00Z", 1, "Europe/Berlin"), ["2026-10-26T01:30"]);
  });

  it("finds the same times as trying every minute", () => {
    const zone = new TimeZone("America/New_York");
    const field = (least: number, most: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 }).map((values) => values.join(",")),
      );
    const start = fc.integer({ min: Date.UTC(2026, 2, 6) / MINUTE, max: Date.UTC(2026, 2, 9) / MINUTE });
    fc.assert(
      fc.property(field(0, 59), field(0, 23), field(1, 7), start, (minutes, hours, weekdays, from) => {
        const fits = (text: string, value: number): boolean => text === "*" || text.split(",").map(Number).includes(value);
        const seen = (at: number): boolean => {
          const clocks = new Date(zone.clocks(at));
          return fits(minutes, clocks.getUTCMinutes()) && fits(hours, clocks.getUTCHours()) && fits(weekdays, clocks.getUTCDay() + 1);
        };
        const next = new Cron(`${minutes} ${hours} ? * ${weekdays} *`).next(from * MINUTE, zone) ?? 0;
        let tried = (from + 1) * MINUTE;
        while (!seen(tried) && tried < next) tried += MINUTE;
        assert.equal(new Date(next).toISOString(), new Date(tried).toISOString());
      }),
      { numRuns: 30 },
    );
  });

  it("refuses what it does not know, by name", () => {
    const refuses = (fields: string, message: RegExp): void => assert.throws(() => new Cron(fields), message);
    refuses("0 0 * * ?", /cron must have 6 fields, got 5/);
    refuses("0 0 1 * MON *", /cron must have \? as either day of month or day of week, got 1 and MON/);
    refuses("0 0 ? * ? *", /got \? and \?/);
    for (const [days, weekdays] of [
      ["L", "?"],
      ["15W", "?"],
      ["?", "6#3"],
      ["?", "FRIL"],
    ]) {
      refuses(`0 0 ${days} * ${weekdays} *`, /the local cloud does not know L, W and #/);
    }
    refuses("60 0 * * ? *", /cron: minutes must be numbers from 0 to 59, ranges, lists and steps, got 60/);
    refuses("0 5-3 * * ? *", /hours must be/);
    refuses("0 0 0 * ? *", /day of month must be/);
    refuses("0 0 ? * 0 *", /day of week must be numbers from 1 to 7 or names/);
    refuses("*/0 0 * * ? *", /minutes must be/);
    refuses("0 0 * FOO ? *", /month must be/);
    refuses("? 0 * * ? *", /minutes must be/);
  });
});

describe("local EventBridge Scheduler: rate and at", () => {
  it("begins a rate with the schedule itself", () => {
    const created = Date.UTC(2026, 2, 28, 12);
    const next = readExpression("rate(1 day)", "Europe/Berlin", created);
    assert.deepEqual(
      [next(created - 1), next(created), next(created + 86_400_000)].map((at = 0) => (at - created) / 3_600_000),
      [0, 24, 48],
    );
    assert.deepEqual(times("rate(90 minutes)", "2026-01-31T00:00:00Z", 2), ["2026-01-31T01:30", "2026-01-31T03:00"]);
  });

  it("is once at a time of the zone", () => {
    assert.deepEqual(times("at(2026-02-01T02:15:00)", "2026-01-31T00:00:00Z", 2, "Asia/Singapore"), ["2026-01-31T18:15"]);
    assert.deepEqual(times("at(2026-01-30T02:15:00)", "2026-01-31T00:00:00Z", 2), []);
  });

  it("refuses what it does not know", () => {
    for (const text of [
      "rate(0 minutes)",
      "rate(1 minutes)",
      "rate(2 hour)",
      "rate(1 week)",
      "at(2026-02-01)",
      "at(2026-03-29T02:30:00)",
      "every day",
    ]) {
      assert.throws(() => readExpression(text, "Europe/Berlin", 0), /must be/, text);
    }
  });
});
