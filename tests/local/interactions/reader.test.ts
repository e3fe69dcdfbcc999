import * as assert from "node:assert/strict";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { readInteractions } from "../../../local/interactions/reader";
import { encodeCsv } from "../../../local/interactions/table";
import { UsageError } from "../../../cli/shared/command";
import { HISTORY_FILES, HISTORY_TIMES } from "../../support/historyContract";
import { interactions, rowsOf, tableOf } from "../../support/interactions";

const RULES = { nowSeconds: 1_800_000_000, defaultEventType: "watch" };
const read = (text: string | Buffer, columns?: Record<string, string>) =>
  readInteractions("in.csv", Readable.from([Buffer.from(text)]), { ...RULES, columns });
const rejects = (text: string | Buffer, message: RegExp) =>
  assert.rejects(read(text), (error: Error) => error instanceof UsageError && message.test(error.message));

describe("reading interactions", () => {
  it("finds the columns by name, in any order, and ignores others", async () => {
    const { rows, table, leftOut } = await read("RATING,TIMESTAMP,ITEM_ID,EVENT_TYPE,USER_ID\n5,100,i1,click,u1\n4,101,i2,,u2\n");
    assert.equal(rows, 2);
    assert.deepEqual(leftOut, {});
    assert.deepEqual(rowsOf(table), [
      { userId: "u1", itemId: "i1", timestamp: 100, eventType: "click" },
      { userId: "u2", itemId: "i2", timestamp: 101, eventType: "watch" },
    ]);
  });

  it("gives rows of a file without EVENT_TYPE the default", async () => {
    const { table } = await read("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n");
    assert.deepEqual(rowsOf(table), [{ userId: "u", itemId: "i", timestamp: 1, eventType: "watch" }]);
  });

  it("gives rows with a word for no value in EVENT_TYPE the default", async () => {
    const { table } = await read("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\nu,i,1,\\N\nu,i,2,NULL\nu,i,3,Null\n");
    assert.deepEqual(
      rowsOf(table).map(({ eventType }) => eventType),
      ["watch", "watch", "Null"],
    );
  });

  for (const [name, newline] of Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" })) {
    it(`reads ${name} line ends, a byte order mark and a last line without its end`, async () => {
      const { rows, table } = await read(["\uFEFFUSER_ID,ITEM_ID,TIMESTAMP", "u,i,1", "", "v,j,2"].join(newline));
      assert.equal(rows, 2);
      assert.deepEqual(
        rowsOf(table).map(({ itemId, timestamp }) => [itemId, timestamp]),
        [
          ["i", 1],
          ["j", 2],
        ],
      );
    });
  }

  it("keeps ids as they are written", async () => {
    const { table } = await read('USER_ID,ITEM_ID,TIMESTAMP\n9007199254740993,"a,""b""",1\n007, x ,1\n');
    assert.deepEqual(
      rowsOf(table).map(({ userId, itemId }) => [userId, itemId]),
      [
        ["9007199254740993", 'a,"b"'],
        ["007", " x "],
      ],
    );
  });

  const wrong: [string, string][] = [
    ["userIdEmpty", ",i,1"],
    ["itemIdEmpty", "u,,1"],
    ["userIdTooLong", `${"u".repeat(257)},i,1`],
    ["itemIdTooLong", `u,${"😀".repeat(257)},1`],
    ["userIdControlCharacter", "u\u0007,i,1"],
    ["itemIdControlCharacter", "u,i\u0085,1"],
    ["itemIdNotUtf8", "u,i\uFFFD,1"],
    ...["\\N", "null", "NULL", "None", "undefined", "nan", "NaN", "<NA>", "Infinity", "-Infinity"].flatMap((word): [string, string][] => [
      ["userIdNoValue", `${word},i,1`],
      ["itemIdNoValue", `u,${word},1`],
    ]),
    ["timestampNotPositive", "u,i,0"],
    ["timestampNotPositive", "u,i,-5"],
    ["timestampNotWholeSeconds", "u,i,"],
    ["timestampNotWholeSeconds", "u,i,1.5"],
    ["timestampInFuture", "u,i,1800086401"],
    ["timestampInFuture", "u,i,1800086401000"],
    ["columnCount", "u,i"],
    ["columnCount", "u,i,1,2"],
    ["malformedQuotes", 'u,i" x,1'],
  ];
  for (const [reason, row] of wrong) {
    it(`leaves out ${JSON.stringify(row.slice(0, 20))} as ${reason}`, async () => {
      const { rows, table, leftOut } = await read(`USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n${row}\nv,j,2\n`);
      assert.deepEqual([rows, table.length, leftOut], [3, 2, { [reason]: { count: 1, lines: [3] } }]);
    });
  }

  it("takes ids of 256 characters and a timestamp of a day ahead", async () => {
    const { table } = await read(`USER_ID,ITEM_ID,TIMESTAMP\n${"u".repeat(256)},${"😀".repeat(256)},1800086400\n`);
    assert.equal(table.length, 1);
  });

  it("checks a given event type", async () => {
    const { leftOut } = await read(`USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\nu,i,1,${"e".repeat(257)}\n`);
    assert.deepEqual(leftOut, { eventTypeTooLong: { count: 1, lines: [2] } });
  });

  it("counts all wrong rows and names the first five lines, past empty lines and line ends inside quotes", async () => {
    const rows = ["u,i,1", "", '"u","a\r\nb\r\n",1', ...Array.from({ length: 7 }, () => "u,i,0")];
    const { leftOut } = await read(`USER_ID,ITEM_ID,TIMESTAMP\r\n${rows.join("\r\n")}\r\n`);
    assert.deepEqual(leftOut, {
      itemIdControlCharacter: { count: 1, lines: [4] },
      timestampNotPositive: { count: 7, lines: [7, 8, 9, 10, 11] },
    });
  });

  it("refuses a quote that is not closed", async () => {
    await rejects('USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nu,"i,1\nv,j,2\n', /not CSV: .*line/);
  });

  it("reads every form of a time", async () => {
    for (const [text, seconds] of HISTORY_TIMES) {
      const { table } = await read(`USER_ID,ITEM_ID,TIMESTAMP\nu,i,"${text}"\n`);
      assert.deepEqual(
        rowsOf(table).map(({ timestamp }) => timestamp),
        seconds === null ? [] : [seconds],
        text,
      );
    }
  });

  for (const { name, content, columns, rows, leftOut, problem } of HISTORY_FILES) {
    it(`does with ${name} what the pipeline does`, async () => {
      if (problem !== undefined) {
        await assert.rejects(
          read(content, columns),
          (error: Error) => error instanceof UsageError && error.message === `in.csv ${problem}`,
        );
        return;
      }
      const found = await read(content, columns);
      const [all, bad] = [rows ?? [], Object.values(found.leftOut).reduce((sum, { count }) => sum + count, 0)];
      assert.deepEqual([found.rows, bad], [all.length + leftOut, leftOut]);
      const expected = all.map(([userId, itemId, timestamp, eventType]) => ({ userId, itemId, timestamp, eventType }));
      assert.deepEqual(rowsOf(found.table), expected);
    });
  }

  it("refuses a first row that does not end, and reads a long file after its header", async () => {
    await rejects(
      `USER_ID,ITEM_ID,TIMESTAMP${",x".repeat(10_000)}\n`,
      /^in\.csv has a first row of more than 16384 bytes: export fewer columns$/,
    );
    const { rows } = await read(`USER_ID,ITEM_ID,TIMESTAMP\n${"u,i,1\n".repeat(10_000)}`);
    assert.equal(rows, 10_000);
  });

  it("warns of ids that end with .0 in every good row", async () => {
    const warnings = async (...rows: string[]) => (await read(`USER_ID,ITEM_ID,TIMESTAMP\n${rows.join("\n")}\n`)).warnings;
    assert.deepEqual(await warnings("808.0,1,1", "9.0,2.0,2", "x,2.0,0"), [
      "Every USER_ID of in.csv ends with .0, as 9.0: the column held floats when the file was written. Events that name 9 are of another id; write whole numbers.",
    ]);
    assert.equal((await warnings("1.0,2.0,1")).length, 2);
    assert.deepEqual(await warnings("1.0,i,1", "2,i,2"), []);
    assert.deepEqual(await warnings("1.5,v1.0,1"), []);
    assert.deepEqual(await warnings("1.0,2.0,0"), []);
  });

  it("reads back any rows that it wrote as history", async () => {
    await fc.assert(
      fc.asyncProperty(interactions, async (rows) => {
        const table = tableOf(rows);
        const csv = encodeCsv(table, Uint32Array.from(rows.keys()));
        const back = await read(csv);
        assert.deepEqual([back.rows, back.leftOut, rowsOf(back.table)], [rows.length, {}, rows]);
      }),
    );
  });
});
