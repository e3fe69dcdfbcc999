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
    ["an exponent", "u1,i1,1e9,click", "badTimestamp"],
    ["a sign", "u1,i1,+5,click", "badTimestamp"],
    ["white space beside the timestamp", "u1,i1, 5,click", "badTimestamp"],
    ["no timestamp", "u1,i1,,click", "badTimestamp"],
    ["milliseconds", "u1,i1,1795132800000,click", "badTimestamp"],
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

  it("ignores blank lines and repeated headers", async () => {
    const history = { "a.csv": `${TYPED}\n\n  \t\nu1,i1,5,click\n${TYPED}\n${HEADER}\n` };
    assert.deepEqual(await rowsOf(history), [[["u1", "i1", 5, "click"]], {}]);
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
