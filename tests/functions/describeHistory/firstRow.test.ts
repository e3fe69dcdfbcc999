import * as assert from "node:assert/strict";
import { describeFirstRow } from "../../../functions/describeHistory/firstRow";

const SHORT = "USER_ID,ITEM_ID,TIMESTAMP";
const NAMES = { USER_ID: "userId", ITEM_ID: "movieId" };
const describeText = (text: string | Buffer, names = {}) => describeFirstRow(Buffer.from(text), true, names);
const layout = (header: string, delimiter: string, column_count: number, positions: (number | undefined)[]) => {
  const [user_position, item_position, time_position, type_position] = positions;
  return { delimiter, column_count, user_position, item_position, time_position, type_position, header };
};
const refused = (text: string | Buffer, names = {}) => (describeText(text, names) as { refused: string }).refused;

describe("describeFirstRow", () => {
  it("finds the delimiter and the columns, quoted or not, in any case and order, with further ones", () => {
    for (const [header, delimiter, count, positions] of [
      [SHORT, ",", 3, [1, 2, 3]],
      [`${SHORT},EVENT_TYPE`, ",", 4, [1, 2, 3, 4]],
      ['"USER_ID","ITEM_ID","TIMESTAMP"', ",", 3, [1, 2, 3]],
      ["USER_ID;ITEM_ID;TIMESTAMP", ";", 3, [1, 2, 3]],
      ["user_id\titem_id\ttimestamp\tprice", "\t", 4, [1, 2, 3]],
      ["Event_Type|Timestamp|Item_Id|User_Id", "|", 4, [4, 3, 2, 1]],
      ['"timestamp";"a;b";"user_id";"the ""item""";"item_id"', ";", 5, [3, 5, 1]],
      ["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP", ",", 5, [1, 2, 5, 3]],
      [" USER_ID , ITEM_ID , TIMESTAMP ", ",", 3, [1, 2, 3]],
      ["USER_ID;ITEM_ID;TIMESTAMP;a,b,c,d,e", ";", 4, [1, 2, 3]],
    ] as [string, string, number, number[]][]) {
      const expected = layout(
        header,
        delimiter,
        count,
        [0, 1, 2, 3].map((i) => positions[i]),
      );
      for (const rest of ["", "\n", "\r\nu,i,1\r\n", "\ru,i,1"]) assert.deepEqual(describeText(header + rest), expected, header);
    }
  });

  it("leaves a byte order mark and blank lines before the header out", () => {
    assert.deepEqual(describeText(`\ufeff${SHORT}\nu,i,1\n`), layout(SHORT, ",", 3, [1, 2, 3, undefined]));
    assert.deepEqual(describeText(`\n \t\r\n${SHORT}\n`), layout(SHORT, ",", 3, [1, 2, 3, undefined]));
  });

  it("takes header names of one's own, and the plain ones where a file lacks them", () => {
    assert.deepEqual(describeText("USERID,movieId,TIMESTAMP\n", NAMES), layout("USERID,movieId,TIMESTAMP", ",", 3, [1, 2, 3, undefined]));
    assert.deepEqual(
      describeText("user_id,userid,movieid,timestamp", NAMES),
      layout("user_id,userid,movieid,timestamp", ",", 4, [2, 3, 4, undefined]),
    );
    assert.deepEqual(describeText(SHORT, NAMES), layout(SHORT, ",", 3, [1, 2, 3, undefined]));
    assert.equal(
      refused("userId,item,timestamp\n", NAMES),
      'has no column movieId: rename one, or set history.columns, got "userId,item,timestamp"',
    );
  });

  it("refuses what has no header, with what it found", () => {
    const problem = (shown: string) => `has no header: its first row must name USER_ID, ITEM_ID, TIMESTAMP, got ${shown}`;
    for (const [text, shown] of [
      ["u1,i1,1700000000\n", '"u1,i1,1700000000"'],
      ['"USER_ID,ITEM_ID,TIMESTAMP\n', '"\\"USER_ID,ITEM_ID,TIMESTAMP"'],
      ["a\u00a0\u200b\n", '"a\\u{a0}\\u{200b}"'],
      ["x".repeat(200), `"${"x".repeat(100)}"`],
    ])
      assert.equal(refused(text), problem(shown));
  });

  it("refuses a needed column that is missing or there twice", () => {
    const rest = (shown: string) => `: rename one, or set history.columns, got ${shown}`;
    assert.equal(refused("user_id,item\n"), `has no column ITEM_ID, TIMESTAMP${rest('"user_id,item"')}`);
    assert.equal(
      refused("USER_ID ITEM_ID TIMESTAMP,EVENT_TYPE"),
      `has no column USER_ID, ITEM_ID, TIMESTAMP${rest('"USER_ID ITEM_ID TIMESTAMP,EVENT_TYPE"')}`,
    );
    for (const header of [`${SHORT},user_id`, `${SHORT},"USER_ID"`]) {
      assert.equal(refused(header), `has more than one column USER_ID: remove all but one, got ${JSON.stringify(header)}`);
    }
    assert.match(refused(`${SHORT},EVENT_TYPE,event_type`), /^has more than one column EVENT_TYPE/);
    assert.deepEqual(describeText(`${SHORT},price,price`), layout(`${SHORT},price,price`, ",", 5, [1, 2, 3, undefined]));
  });

  it("names other formats, and says what to do", () => {
    const utf16 = Buffer.from(`${SHORT}\n`, "utf16le");
    for (const [content, problem] of [
      [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), "is UTF-16 text: save it as UTF-8"],
      [Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]), "is UTF-16 text: save it as UTF-8"],
      [utf16, "is UTF-16 text: save it as UTF-8"],
      [Buffer.from(utf16).swap16(), "is UTF-16 text: save it as UTF-8"],
      [Buffer.from("PAR1\x15\x04"), "is Parquet: export it as CSV"],
      [Buffer.from("PK\x03\x04\x14\x00"), "is a zip file: unpack it, or compress it with gzip"],
      [Buffer.from([0x1f, 0x8b, 8, 0]), "is gzip, but its name does not end with .gz: rename it"],
      [Buffer.from("ORC\x08\x03\x00"), "is not text: export it as CSV"],
      [Buffer.from([...Buffer.from(SHORT), 0x2c, 0xe9]), "is not UTF-8 text: save it as UTF-8"],
      [Buffer.alloc(0), "is empty: remove it, or give it a header and rows"],
      [Buffer.from("\n \n"), "is empty: remove it, or give it a header and rows"],
    ] as [Buffer, string][])
      assert.equal(refused(content), problem);
  });

  it("refuses a first row that does not end within the bytes", () => {
    const problem = { refused: "has a first row of more than 25 bytes: export fewer columns" };
    assert.deepEqual(describeFirstRow(Buffer.from(SHORT), false), problem);
    assert.deepEqual(describeFirstRow(Buffer.alloc(25, "\n"), false), problem);
    assert.deepEqual(describeFirstRow(Buffer.from(`${SHORT}\n`), false), layout(SHORT, ",", 3, [1, 2, 3, undefined]));
  });
});
