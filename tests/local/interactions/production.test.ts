import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { planProduction, splitInteractions, withRecommendations } from "../../../local/interactions/production";
import { SESSION_GAP_SECONDS, shownItems } from "../../../local/interactions/records";
import { interactions, tableOf } from "../../support/interactions";

interface Record {
  user_id: string;
  session_id: string;
  event_list: { eventType: string; sentAt: number; itemId: string; recommendationId?: string }[];
}

const splitBy = fc.constantFrom("time" as const, "user" as const);
const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const byTime = (rows: Uint32Array, time: (row: number) => number): boolean =>
  rows.every(
    (row, place) => place === 0 || time(rows[place - 1]) < time(row) || (time(rows[place - 1]) === time(row) && rows[place - 1] < row),
  );

describe("splitting interactions", () => {
  it("puts every row in one part, both in the order of time", () => {
    fc.assert(
      fc.property(interactions, splitBy, share, (rows, by, liveShare) => {
        const table = tableOf(rows);
        const { history, live } = splitInteractions(table, by, liveShare);
        assert.deepEqual(
          [...history, ...live].sort((a, b) => a - b),
          [...rows.keys()],
        );
        assert.ok(byTime(history, (row) => table.timestamp(row)) && byTime(live, (row) => table.timestamp(row)));
      }),
    );
  });

  it("by time: no live row is older than the history, and the share is rounded up", () => {
    fc.assert(
      fc.property(interactions, (rows) => {
        const table = tableOf(rows);
        const { history, live } = splitInteractions(table, "time", 0.2);
        assert.equal(live.length, Math.ceil(rows.length / 5));
        if (history.length > 0 && live.length > 0) assert.ok(table.timestamp(history[history.length - 1]) <= table.timestamp(live[0]));
      }),
    );
  });

  it("by user: each user's last rows are live, and everyone is in the history", () => {
    fc.assert(
      fc.property(interactions, share, (rows, liveShare) => {
        const table = tableOf(rows);
        const { history, live } = splitInteractions(table, "user", liveShare);
        for (const user of new Set(rows.map(({ userId }) => userId))) {
          const own = (part: Uint32Array): number[] => [...part].filter((row) => rows[row].userId === user);
          const all = own(history).length + own(live).length;
          assert.equal(own(live).length, Math.min(Math.round(all * liveShare), all - 1));
          const last = own(history).at(-1) ?? 0;
          assert.ok(own(live).every((row) => rows[row].timestamp >= rows[last].timestamp));
        }
      }),
    );
  });
});

describe("the records of the dashboards", () => {
  const options = { split: "time" as const, liveShare: 0.9, seed: 3, poison: 0 };
  const parsed = (production: ReturnType<typeof planProduction>): Record[] =>
    [...production.records()].map(({ data }) => JSON.parse(data.toString()) as Record);

  it("hold each live row once, in sessions without long pauses, in the order of their last events", () => {
    fc.assert(
      fc.property(interactions, fc.nat(), (rows, seed) => {
        const production = planProduction(tableOf(rows), { ...options, seed });
        const records = parsed(production);
        const sent = records.flatMap(({ user_id, event_list }) =>
          event_list.map(({ itemId, sentAt, eventType }) => JSON.stringify([user_id, itemId, sentAt, eventType])),
        );
        const live = [...production.live].map((row) => rows[row]);
        const expected = live.map(({ userId, itemId, timestamp, eventType }) => JSON.stringify([userId, itemId, timestamp, eventType]));
        assert.deepEqual(sent.sort(), expected.sort());

        const ends = records.map(({ event_list }) => event_list[event_list.length - 1].sentAt);
        assert.deepEqual(
          ends,
          [...ends].sort((a, b) => a - b),
        );
        assert.ok(records.every(({ event_list }) => event_list.length >= 1 && event_list.length <= 5));

        const sessions = new Map<string, { user: string; times: number[] }>();
        for (const { user_id, session_id, event_list } of records) {
          const session = sessions.get(session_id) ?? { user: user_id, times: [] };
          assert.equal(session.user, user_id);
          session.times.push(...event_list.map(({ sentAt }) => sentAt));
          sessions.set(session_id, session);
        }
        assert.equal(sessions.size, production.sessions.length);
        for (const { times } of sessions.values())
          for (const [place, time] of times.entries()) {
            const pause = place === 0 ? 0 : time - times[place - 1];
            assert.ok(pause >= 0 && pause <= SESSION_GAP_SECONDS);
          }
      }),
    );
  });

  it("tell first what each session was shown, and then which rows follow it", () => {
    fc.assert(
      fc.property(interactions, fc.nat(), share, (rows, seed, poison) => {
        const planned = planProduction(tableOf(rows), { ...options, seed, poison });
        const items = ["1", 'a"b,c'];
        const ids = planned.sessions.map(({ id }, n) => [id, `r${n}`] as const).filter((_, n) => n % 2 === 0);
        const recommended = new Map(ids.map(([id, recommendationId]) => [id, { items, recommendationId }]));
        const production = withRecommendations(planned, recommended);
        const begun = new Set<string>();
        const plain: string[] = [];
        for (const { partitionKey, data, events, poison: kind } of production.records()) {
          const recommendationId = recommended.get(partitionKey)?.recommendationId;
          if (kind !== undefined || recommendationId === undefined) {
            plain.push(data.toString("latin1"));
            continue;
          }
          const record = JSON.parse(data.toString()) as Record;
          if (!begun.has(partitionKey)) {
            const { start, userId } = planned.sessions.find(({ id }) => id === partitionKey) ?? assert.fail();
            const event = { eventType: "impression", sentAt: start, impression: items, recommendationId };
            assert.deepEqual([record, events], [{ user_id: userId, session_id: partitionKey, event_list: [event] }, 1]);
            begun.add(partitionKey);
            continue;
          }
          const followed = record.event_list.map(({ recommendationId: id }) => id);
          const expected = record.event_list.map(({ itemId }) => (items.includes(itemId) ? recommendationId : undefined));
          assert.deepEqual(followed, expected);
          const event_list = record.event_list.map(({ recommendationId: _, ...event }) => event);
          plain.push(Buffer.from(JSON.stringify({ ...record, event_list })).toString("latin1"));
        }
        assert.equal(begun.size, recommended.size);
        assert.deepEqual(
          plain,
          [...planned.records()].map(({ data }) => data.toString("latin1")),
        );
      }),
    );
  });

  it("begin a new session after a pause of more than 30 minutes", () => {
    const rows = [0, 1800, 3601].map((after) => ({ userId: "u", itemId: "i", timestamp: 1_700_000_000 + after, eventType: "watch" }));
    const records = parsed(planProduction(tableOf(rows), { ...options, liveShare: 0.99 }));
    const sessionAt = (sentAt: number) => records.find(({ event_list }) => event_list.some((event) => event.sentAt === sentAt))?.session_id;
    assert.equal(sessionAt(1_700_000_000), sessionAt(1_700_001_800));
    assert.notEqual(sessionAt(1_700_001_800), sessionAt(1_700_003_601));
  });

  it("are the same for the same seed, byte by byte, with the session as partition key", () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({
      userId: `u${n % 7}`,
      itemId: `i${n}`,
      timestamp: 1000 + n * 60,
      eventType: "click",
    }));
    const bytes = (seed: number): string[] =>
      [...planProduction(tableOf(rows), { ...options, seed }).records()].map(
        ({ data, partitionKey }) => `${partitionKey} ${data.toString()}`,
      );
    assert.deepEqual(bytes(1), bytes(1));
    assert.notDeepEqual(bytes(1), bytes(2));
    for (const line of bytes(1)) assert.ok(line.includes(`"session_id":"${line.split(" ")[0]}"`), line);
    assert.match(
      bytes(1)[0],
      /^s-[0-9a-f]{20} \{"user_id":"u\d","session_id":"s-[0-9a-f]{20}","event_list":\[\{"eventType":"click","sentAt":\d+,"itemId":"i\d+"\}/,
    );
  });
});

const shown = (items: string[]) => shownItems({ items, recommendationId: "r" });

describe("what a dashboard shows of an answer", () => {
  it("is its items, with its id", () => {
    assert.deepEqual(shown(["a", "b"]), { items: ["a", "b"], recommendationId: "r" });
  });
  it("is nothing when there are none", () => {
    assert.equal(shown([]), undefined);
  });
  it("is the first 25", () => {
    const items = Array.from({ length: 26 }, (_, n) => `i${n}`);
    assert.deepEqual(shown(items)?.items, items.slice(0, 25));
  });
  it("is as many as an event has room for, with 256 characters of two bytes each", () => {
    const items = Array.from({ length: 25 }, (_, n) => `${"é".repeat(254)}${String(n).padStart(2, "0")}`);
    assert.deepEqual(shown(items)?.items, items.slice(0, 17));
  });
});
