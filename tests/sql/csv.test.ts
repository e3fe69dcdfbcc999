import * as assert from "node:assert/strict";
import * as polyglot from "@polyglot-sql/sdk";
import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { parseStatement } from "@c360/local-aws/testing";
import { renderedStatements, SqlFixture, type TableRow } from "../support/sqlFixture";

const HOUR = "2026/11/20/12";
const TYPED = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";

describe("sql of the CSV and its figures", () => {
  let fixture: SqlFixture;
  before(async () => {
    fixture = await SqlFixture.open();
  });
  after(() => fixture.close());

  it("quotes only values with a comma or a quote", async () => {
    await fixture.load({ history: { "a.csv": `${TYPED}\n"a,b","say ""hi""",5,"x,""y"\n"plain",b c,6,click\n` } });
    await fixture.build();
    assert.deepEqual(await fixture.csvLines(), ['"a,b","say ""hi""",5,"x,""y"', "plain,b c,6,click"]);
    assert.deepEqual(await fixture.csvLines({ withEventType: false }), ['"a,b","say ""hi""",5', "plain,b c,6"]);
  });

  it("leaves out streamed interactions, and counts bytes with line ends", async () => {
    await fixture.load({
      history: { "a.csv": `${TYPED}\nzoë,雪,5,click\nzoë,i2,6,click\nu2,i2,7,click\n` },
      events: { [HOUR]: event("zoë", "雪", 5, "click") },
    });
    await fixture.build();
    assert.deepEqual(await fixture.csvLines({ withoutStreamed: true }), ["u2,i2,7,click", "zoë,i2,6,click"]);
    const shared = { rowsIn: 4, "leftOut.duplicate": 1, "table.rows": 3, "table.users": 2, "table.items": 2 };
    const all = { "csv.rows": 3, "csv.users": 2, "csv.items": 2, "csv.repeatUsers": 1, "csv.bytes": 17 + 16 + 14, "csv.eventTypes": 1 };
    assert.deepEqual(await fixture.count(), { ...shared, ...all });
    const rest = { "csv.rows": 2, "csv.users": 2, "csv.items": 1, "csv.repeatUsers": 0, "csv.bytes": 16 + 14, "csv.eventTypes": 1 };
    assert.deepEqual(await fixture.count({ withoutStreamed: true }), { ...shared, ...rest });
  });

  it("reads the partition of the run date only, and returns zeros when it is empty", async () => {
    await fixture.load({ history: { "a.csv": `${TYPED}\nu1,i1,5,click\n` } });
    await fixture.build({ runDate: "2026-11-19" });
    assert.deepEqual(await fixture.csvLines(), []);
    const none = { "table.rows": 0, "table.users": 0, "table.items": 0 };
    const csv = { "csv.rows": 0, "csv.users": 0, "csv.items": 0, "csv.repeatUsers": 0, "csv.bytes": 0, "csv.eventTypes": 0 };
    assert.deepEqual(await fixture.count(), { rowsIn: 1, "leftOut.late": 1, ...none, ...csv });
  });

  it("counts the event types that the CSV tells apart", async () => {
    await fixture.load({ history: { "a.csv": `${TYPED}\nu1,i1,5,click\nu1,i1,5,watch\nu1,i1,6,\nu1,i1,7,buy\n` } });
    await fixture.build();
    assert.equal((await fixture.count())["csv.eventTypes"], 3);
    assert.equal((await fixture.count({ withEventType: false }))["csv.eventTypes"], 0);
  });

  it("names the ten objects with the most bad rows, by reason, and counts nothing else as bad", async () => {
    const harmless = `u1,i1,5,click\nu1,i1,5,click\nu1,i1,6,view\n`;
    const bad = (count: number): string => "u1,i1,never,click\n".repeat(count);
    const anonymous = JSON.stringify({ session_id: "s1", event_list: [{ eventType: "click", sentAt: 5 }] });
    await fixture.load({
      history: {
        "good.csv": `${TYPED}\n${harmless}`,
        "worst.csv": `${TYPED}\n${harmless}${bad(12)},i1,5,click\nu1\n`,
        ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.csv`, `${TYPED}\n${bad(i + 1)}`])),
      },
      events: { [`${HOUR}/a`]: `{\n{\n{\n${anonymous}\n${event("", "i1", 5, "click")}`, [`${HOUR}/b`]: event("u1", "i1", 5, "click") },
    });
    const settings = { ignoredTypes: ["view"] };
    await fixture.build(settings);
    const figures = Object.entries(await fixture.count(settings));
    const found = Object.fromEntries(figures.filter(([name]) => name.startsWith("bad.")));
    assert.deepEqual(found, {
      "bad.badTimestamp.s3://upstream/history/worst.csv": 12,
      "bad.badUserId.s3://upstream/history/worst.csv": 1,
      "bad.malformedLine.s3://upstream/history/worst.csv": 1,
      ...Object.fromEntries([4, 5, 6, 7, 8, 9, 10].map((count) => [`bad.badTimestamp.s3://upstream/history/${count - 1}.csv`, count])),
      ...{ [`bad.badJson.s3://upstream/latest/${HOUR}/a`]: 3, [`bad.badUserId.s3://upstream/latest/${HOUR}/a`]: 1 },
      "bad.badTimestamp.s3://upstream/history/2.csv": 3,
    });
  });

  it("writes lines that a CSV reader parses to the original values", async () => {
    const id = fc.string({ unit: "binary", minLength: 1, maxLength: 12 }).filter((drawn) => !/[\p{Cc}\p{Cs}\ufffd\ufeff]/u.test(drawn));
    const tricky = fc.string({
      unit: fc.constantFrom('"', ",", " ", "a", "😀", "'", "\\", ";", "\u2028"),
      minLength: 1,
      maxLength: 6,
    });
    const text = fc.oneof(id, tricky);
    const row = fc.record({ user: text, item: text, seconds: fc.integer({ min: 1, max: 1_795_000_000 }), type: text });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        await fixture.load({
          events: { [HOUR]: rows.map(({ user, item, seconds, type }) => event(user, item, seconds, type)).join("\n") },
        });
        await fixture.build();
        const lines = await fixture.csvLines();
        const read = parse(lines.join("\n"), { relax_column_count: false }) as string[][];
        const sent = rows.map(({ user, item, seconds, type }) => JSON.stringify([user, item, String(seconds), type]));
        assert.deepEqual(read.map((fields) => JSON.stringify(fields)).sort(), [...new Set(sent)].sort());
        const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
        assert.equal((await fixture.count())["csv.bytes"], bytes);
      }),
      { numRuns: 15 },
    );
  });

  it("reads its own output as history", async () => {
    const field = fc.string({ unit: fc.constantFrom('"', ",", " ", "a", "😀"), minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(field, field), { minLength: 1, maxLength: 20, selector: String }), async (pairs) => {
        await fixture.load({ events: { [HOUR]: pairs.map(([user, item]) => event(user, item, 5, item)).join("\n") } });
        const built = await fixture.build();
        const text = [TYPED, ...(await fixture.csvLines())].join("\n");
        await fixture.load({ history: { "a.csv": text } });
        const withoutStreamed = built.map((row) => row.slice(0, 4) as TableRow);
        assert.deepEqual(
          await fixture.build(),
          withoutStreamed.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
        );
      }),
      { numRuns: 10 },
    );
  });

  it("accounts for every row of random lines", async () => {
    const piece = fc.constantFrom('"', ",", "u1", "i1", "5", "click", "", " ", "\t", "-", "{", "}", "[", "]", ":", "null", "\\", "\ufffd");
    const noise = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom("u1", "i1", 5, "view"));
    const known = fc.record({ eventType: value, itemId: value, sentAt: value, eventId: value, properties: value, impression: value });
    const record = fc.record({ user_id: value, session_id: fc.constantFrom("s1", "", 5), event_list: fc.array(known, { maxLength: 3 }) });
    const line = fc.oneof(
      noise,
      record.map((json) => JSON.stringify(json)),
      fc.constantFrom("u1,i1,5", "u1,i1,5,click"),
    );
    const text = fc.array(line, { maxLength: 25 }).map((lines) => lines.join("\n"));
    await fc.assert(
      fc.asyncProperty(text, text, fc.boolean(), async (history, events, typed) => {
        const upstream = { history: { "a.csv": `${typed ? TYPED : "USER_ID,ITEM_ID,TIMESTAMP"}\n${history}` }, events: { [HOUR]: events } };
        const [rows] = await fixture.loadAndBuild(upstream, { ignoredTypes: ["view"] });
        const identities = rows.map((row) => JSON.stringify(row.slice(0, 4)));
        assert.equal(new Set(identities).size, rows.length);
      }),
      { numRuns: 25 },
    );
  });
});

describe("sql for Athena", () => {
  for (const settings of [{}, { countedTypes: ["click", "it's"], ignoredTypes: ["view"], withEventType: false, withoutStreamed: true }]) {
    it(`is valid Trino SQL and short enough with ${JSON.stringify(settings)}`, async () => {
      await polyglot.init();
      for (const sql of renderedStatements(settings)) {
        const { query } = parseStatement(sql);
        const { valid, errors } = polyglot.validate(query, "trino");
        assert.deepEqual([valid, errors], [true, []]);
        assert.ok(Buffer.byteLength(sql) < 262_144);
      }
    });
  }
});

function event(user: string, item: string, sentAt: number, eventType: string): string {
  return JSON.stringify({ user_id: user, session_id: "s1", event_list: [{ eventType, itemId: item, sentAt }] });
}
