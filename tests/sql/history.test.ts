import * as assert from "node:assert/strict";
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
    ["a time with .0", "u1,i1,1700000000.0,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["an exponent", "u1,i1,1.7E+09,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["a small exponent", "u1,i1,17e8,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["a negative exponent", "u1,i1,17000000000e-1,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["milliseconds", "u1,i1,1700000000999,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["milliseconds with .0", "u1,i1,1700000000123.0,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["the least milliseconds", "u1,i1,100000000000,click", ["u1", "i1", 100_000_000, "click"]],
    ["ISO 8601", "u1,i1,2023-11-14T22:13:20Z,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["ISO 8601 with a space", "u1,i1,2023-11-14 22:13:20,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["ISO 8601 with a fraction and a zone", "u1,i1,2023-11-15 00:13:20.999+02:00,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["ISO 8601 with a zone without a colon", "u1,i1,2023-11-14T20:43:20-0130,click", ["u1", "i1", 1_700_000_000, "click"]],
    ["ISO 8601 without seconds", '"u1","i1","2023-11-14 22:13",click', ["u1", "i1", 1_699_999_980, "click"]],
    ["a day", "u1,i1,2023-11-14,click", ["u1", "i1", 1_699_920_000, "click"]],
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
    ["timestamp 0", "u1,i1,0,click", "badTimestamp"],
    ["a negative timestamp", "u1,i1,-5,click", "badTimestamp"],
    ["a fraction", "u1,i1,5.5,click", "badTimestamp"],
    ["a fraction in milliseconds", "u1,i1,1700000000000.5,click", "badTimestamp"],
    ["an exponent of no whole second", "u1,i1,1.70000000055E9,click", "badTimestamp"],
    ["a number beyond a double", "u1,i1,1e309,click", "badTimestamp"],
    ["a point without digits", "u1,i1,5.,click", "badTimestamp"],
    ["a day that does not exist", "u1,i1,2023-02-30,click", "badTimestamp"],
    ["a day before 1970", "u1,i1,1969-12-31,click", "badTimestamp"],
    ["the first second of 1970", "u1,i1,1970-01-01 00:00:00,click", "badTimestamp"],
    ["a zone that does not exist", "u1,i1,2023-11-14T22:13:20+15:00,click", "badTimestamp"],
    ["a day in another order", "u1,i1,14.11.2023,click", "badTimestamp"],
    ["a word", "u1,i1,yesterday,click", "badTimestamp"],
    ["a sign", "u1,i1,+5,click", "badTimestamp"],
    ["white space beside the timestamp", "u1,i1, 5,click", "badTimestamp"],
    ["no timestamp", "u1,i1,,click", "badTimestamp"],
    ["milliseconds that are too late", `u1,i1,${MIDNIGHT + 2 * 86_400 + 1}000,click`, "badTimestamp"],
    ["more than 64 bits", "u1,i1,99999999999999999999,click", "badTimestamp"],
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

  it("reads every delimiter, order and spelling of a header, and further columns", async () => {
    const row: TableRow = ["u,1;|", 'say "hi"', 1_700_000_000, "click"];
    const forms = {
      "quoted.csv": '"USER_ID","ITEM_ID","TIMESTAMP","EVENT_TYPE"\n"u,1;|","say ""hi""","1700000000","click"\n',
      "bom.csv": '\ufeffUSER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\r\n"u,1;|","say ""hi""",1700000000,click\r\n',
      "semicolon.csv": 'price;"timestamp";event_type;user_id;item_id\n"1,50";1700000000;click;"u,1;|";"say ""hi"""\n',
      "tab.csv": 'Item_Id\tUser_Id\tEvent_Type\tTimestamp\n"say ""hi"""\t"u,1;|"\tclick\t1700000000000\n',
      "bar.csv": 'USER_ID|ITEM_ID|EVENT_TYPE|EVENT_VALUE|TIMESTAMP\n"u,1;|"|"say ""hi"""|click|1|2023-11-14 22:13:20\n',
      "unquoted.csv": "USER_ID;ITEM_ID;TIMESTAMP\nu,1;i,2;5\n",
    };
    for (const [name, text] of Object.entries(forms)) {
      const expected: TableRow = name === "unquoted.csv" ? ["u,1", "i,2", 5, "watch"] : row;
      assert.deepEqual(await rowsOf({ [name]: text }), [[expected], {}], name);
    }
    assert.deepEqual(await rowsOf(forms), [[["u,1", "i,2", 5, "watch"], row], { duplicate: 4 }]);
  });

  it("reads header names of one's own, and the plain ones beside them", async () => {
    const history = { "a.csv": "userId;movieId;rating;timestamp\n1;2;4.5;5\n", "b.csv": `${HEADER}\n3,4,6\n` };
    const upstream = { history, columns: { USER_ID: "userId", ITEM_ID: "movieId" } };
    const rows: TableRow[] = [
      ["1", "2", 5, "watch"],
      ["3", "4", 6, "watch"],
    ];
    assert.deepEqual(await fixture.loadAndBuild(upstream), [rows, {}]);
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

  it("reads files that were joined by the first header: rows of another number of columns are malformed", async () => {
    const joined = `${HEADER}\nu1,i1,5\n${TYPED}\nu2,i2,6,click\nu3,i3,7\n`;
    const rows: TableRow[] = [
      ["u1", "i1", 5, "watch"],
      ["u3", "i3", 7, "watch"],
    ];
    assert.deepEqual(await rowsOf({ "a.csv": joined }), [rows, { malformedLine: 2 }]);
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
