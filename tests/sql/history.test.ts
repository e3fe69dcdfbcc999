import * as assert from "node:assert/strict";
import { HISTORY_FILES, HISTORY_TIMES } from "../support/historyContract";
import { SqlFixture, type RunSettings, type TableRow } from "../support/sqlFixture";

const HEADER = "USER_ID,ITEM_ID,TIMESTAMP";
const TYPED = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";
const NO_VALUE = ["\\N", "null", "NULL", "None", "undefined", "nan", "NaN", "<NA>", "Infinity", "-Infinity"];
/** 2026-11-20T00:00:00Z, the start of the run date. */
const MIDNIGHT = 1795132800;

describe("sql over history", () => {
  let fixture: SqlFixture;
  before(async () => {
    fixture = await SqlFixture.open();
  });
  after(() => fixture.close());

  const rowsOf = (history: Record<string, string | Buffer>, settings?: RunSettings) => fixture.loadAndBuild({ history }, settings);

  const good: [string, string, TableRow][] = [
    ["a plain row", "u1,i1,1000000000,click", ["u1", "i1", 1_000_000_000, "click"]],
    ["64-bit ids", "9007199254740993,0009007199254740993,1,click", ["9007199254740993", "0009007199254740993", 1, "click"]],
    ["a comma and quotes in an id", '"a,b","say ""hi""",5,click', ["a,b", 'say "hi"', 5, "click"]],
    ["unnecessary quotes", '"u1","i1","5","click"', ["u1", "i1", 5, "click"]],
    ["a quoted quote alone", '"""",i1,5,click', ['"', "i1", 5, "click"]],
    ["white space as part of an id", " u1 ,i1 ,5,click", [" u1 ", "i1 ", 5, "click"]],
    ["256 characters", `${"u".repeat(256)},${"😀".repeat(256)},5,click`, ["u".repeat(256), "😀".repeat(256), 5, "click"]],
    ["non-ASCII letters", "zoë,雪,5,sehen", ["zoë", "雪", 5, "sehen"]],
    ["an empty event type", "u1,i1,5,", ["u1", "i1", 5, "watch"]],
    ["a quoted empty event type", 'u1,i1,5,""', ["u1", "i1", 5, "watch"]],
    ["an event type with a comma", 'u1,i1,5,"a,b"', ["u1", "i1", 5, "a,b"]],
    ["an id of backslashes", "\\n,a\\b,5,click", ["\\n", "a\\b", 5, "click"]],
    ["ids that look like no value", "0,-1,5,click", ["0", "-1", 5, "click"]],
    ["the user anonymous", "anonymous,#N/A,5,click", ["anonymous", "#N/A", 5, "click"]],
    ["a word for no value as the event type", "u1,i1,5,\\N", ["u1", "i1", 5, "watch"]],
    ["the last valid second", `u1,i1,${MIDNIGHT + 2 * 86_400},click`, ["u1", "i1", MIDNIGHT + 2 * 86_400, "click"]],
  ];
  for (const [name, line, row] of good) {
    it(`accepts ${name}`, async () => assert.deepEqual(await rowsOf({ "a.csv": `${TYPED}\n${line}\n` }), [[row], {}]));
  }

  const bad: [string, string, string][] = [
    ["two fields", "u1,i1", "malformedLine"],
    ["three fields below a header of four", "u1,i1,5", "malformedLine"],
    ["five fields", "u1,i1,5,click,x", "malformedLine"],
    ["an open quote", '"u1,i1,5,click', "malformedLine"],
    ["a quote inside of a field", 'u"1,i1,5,click', "malformedLine"],
    ["text after a quoted field", '"u1"x,i1,5,click', "malformedLine"],
    ["an empty user", ",i1,5,click", "badUserId"],
    ["a quoted empty user", '"",i1,5,click', "badUserId"],
    ["a user of 257 characters", `${"u".repeat(257)},i1,5,click`, "badUserId"],
    ["a tab in the user", "u\t1,i1,5,click", "badUserId"],
    ["a C1 control character in the user", "u\u0085,i1,5,click", "badUserId"],
    ["NUL in the user", "u\u0000,i1,5,click", "badUserId"],
    ["an empty item", "u1,,5,click", "badItemId"],
    ["an item of 257 emoji", `u1,${"😀".repeat(257)},5,click`, "badItemId"],
    ["DEL in the item", "u1,i\u007f,5,click", "badItemId"],
    ...NO_VALUE.map((word): [string, string, string] => [`the user ${word}`, `${word},i1,5,click`, "badUserId"]),
    ...NO_VALUE.map((word): [string, string, string] => [`the item ${word}`, `u1,"${word}",5,click`, "badItemId"]),
    ["milliseconds that are too late", `u1,i1,${MIDNIGHT + 2 * 86_400 + 1}000,click`, "badTimestamp"],
    ["the first second that is too late", `u1,i1,${MIDNIGHT + 2 * 86_400 + 1},click`, "badTimestamp"],
    ["a control character in the event type", "u1,i1,5,cl\u0001ick", "badEventType"],
    ["an event type of 257 characters", `u1,i1,5,${"t".repeat(257)}`, "badEventType"],
  ];
  for (const [name, line, reason] of bad) {
    it(`leaves out ${name}`, async () => assert.deepEqual(await rowsOf({ "a.csv": `${TYPED}\n${line}\n` }), [[], { [reason]: 1 }]));
  }

  it("leaves out a line that is not UTF-8", async () => {
    const line = Buffer.concat([Buffer.from(`${TYPED}\nu`), Buffer.from([0xff]), Buffer.from(",i1,5,click\n")]);
    assert.deepEqual(await rowsOf({ "a.csv": line }), [[], { badUtf8: 1 }]);
  });

  it("reads each object by its own header, with LF, CRLF or CR, with or without a final newline", async () => {
    const history = {
      "three.csv": `${HEADER}\r\nu1,i1,5\r\nu2,i2,6`,
      "four.csv": `${TYPED}\ru3,i3,7,click\ru4,i4,8,`,
      "mixed.csv": `${HEADER}\nu5,i5,9,click\nu6,i6,10\n`,
    };
    const rows: TableRow[] = [
      ["u1", "i1", 5, "buy"],
      ["u2", "i2", 6, "buy"],
      ["u3", "i3", 7, "click"],
      ["u4", "i4", 8, "buy"],
      ["u6", "i6", 10, "buy"],
    ];
    assert.deepEqual(await rowsOf(history, { defaultEventType: "buy" }), [rows, { malformedLine: 1 }]);
  });

  it("reads every form of a time", async () => {
    const lines = HISTORY_TIMES.map(([text], i) => `u${i},i,"${text}"\n`);
    const good = HISTORY_TIMES.flatMap(([, seconds], i): TableRow[] => (seconds === null ? [] : [[`u${i}`, "i", seconds, "watch"]]));
    const [rows, leftOut] = await rowsOf({ "a.csv": `${HEADER}\n${lines.join("")}` });
    assert.deepEqual(
      rows,
      good.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    );
    assert.deepEqual(leftOut, { badTimestamp: HISTORY_TIMES.length - good.length });
  });

  for (const { name, content, columns, rows, leftOut } of HISTORY_FILES) {
    if (rows === undefined) continue;
    it(`reads a file with ${name}`, async () => {
      const found = await fixture.loadAndBuild({ history: { "a.csv": content }, columns });
      assert.deepEqual(found, [rows, leftOut === 0 ? {} : { malformedLine: leftOut }]);
    });
  }

  it("finds the same rows in files of every form", async () => {
    const forms = HISTORY_FILES.filter(({ rows }) => rows?.length === 1 && rows[0][0] === "u,1;|");
    const history = Object.fromEntries(forms.map(({ name, content }) => [`${name}.csv`, content]));
    assert.deepEqual(await rowsOf(history), [forms[0].rows, { duplicate: forms.length - 1 }]);
  });

  it("keeps a byte order mark that begins an id", async () => {
    // DuckDB's client drops it from what it returns, but the two rows are no duplicates.
    const row: TableRow = ["u", "i", 5, "watch"];
    assert.deepEqual(await rowsOf({ "a.csv": `\ufeff${HEADER}\n\ufeffu,i,5\nu,i,5\n` }), [[row, row], {}]);
  });

  it("ignores blank lines, and headers of any object wherever they are", async () => {
    const joined = `${TYPED}\n\n  \t\nu1,i1,5,click\n${TYPED}\n\ufeff${TYPED}\n${HEADER}\nitem_id;user_id;timestamp\n`;
    const others = { "b.csv": `\ufeff${HEADER}\n`, "c.csv": "item_id;user_id;timestamp\ni2;u2;6\n" };
    const rows: TableRow[] = [
      ["u1", "i1", 5, "click"],
      ["u2", "i2", 6, "watch"],
    ];
    assert.deepEqual(await rowsOf({ "a.csv": joined, ...others }), [rows, {}]);
  });

  it("leaves an object that has no description to the next run", async () => {
    await fixture.load({ history: { "a.csv": `${HEADER}\nu1,i1,5\n` } });
    await fixture.arrive("late.csv", `${HEADER}\nu2,i2,6\n`);
    assert.deepEqual(await fixture.build(), [["u1", "i1", 5, "watch"]]);
    assert.deepEqual((await fixture.count()).rowsIn, 1);
  });

  it("keeps an identity once, from all objects together", async () => {
    const history = { "a.csv": `${TYPED}\nu1,i1,5,click\nu1,i1,5,click\nu1,i1,5,watch\n`, "b.csv": `${HEADER}\nu1,i1,5\nu1,i1,6\n` };
    const rows: TableRow[] = [
      ["u1", "i1", 5, "click"],
      ["u1", "i1", 5, "watch"],
      ["u1", "i1", 6, "watch"],
    ];
    assert.deepEqual(await rowsOf(history), [rows, { duplicate: 2 }]);
  });

  it("keeps counted event types only, and no ignored ones", async () => {
    const history = { "a.csv": `${TYPED}\nu1,i1,5,click\nu1,i1,6,impression\nu1,i1,7,buy\nu1,i1,8,\n` };
    assert.deepEqual(await rowsOf(history, { countedTypes: ["click", "impression"], ignoredTypes: ["impression"] }), [
      [["u1", "i1", 5, "click"]],
      { uncountedEventType: 3 },
    ]);
  });

  it("builds an empty table from nothing", async () => assert.deepEqual(await rowsOf({}), [[], {}]));
});
