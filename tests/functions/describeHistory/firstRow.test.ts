import * as assert from "node:assert/strict";
import { HISTORY_FILES } from "../../support/historyContract";
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
  });

  for (const { name, content, columns, problem } of HISTORY_FILES) {
    if (problem !== undefined) it(`refuses ${name}, and says what to do`, () => assert.equal(refused(content, columns), problem));
  }

  it("shows the first 100 characters, and takes other columns twice", () => {
    assert.ok(refused("x".repeat(200)).endsWith(`got "${"x".repeat(100)}"`));
    assert.match(refused("user_id,item\n"), /^has no column ITEM_ID, TIMESTAMP: /);
    assert.match(refused("USER_ID ITEM_ID TIMESTAMP,EVENT_TYPE"), /^has no column USER_ID, ITEM_ID, TIMESTAMP: /);
    assert.match(refused(`${SHORT},EVENT_TYPE,event_type`), /^has more than one column EVENT_TYPE: /);
    assert.deepEqual(describeText(`${SHORT},price,price`), layout(`${SHORT},price,price`, ",", 5, [1, 2, 3, undefined]));
  });

  it("refuses a first row that does not end within the bytes", () => {
    const problem = { refused: "has a first row of more than 25 bytes: export fewer columns" };
    assert.deepEqual(describeFirstRow(Buffer.from(SHORT), false), problem);
    assert.deepEqual(describeFirstRow(Buffer.alloc(25, "\n"), false), problem);
    assert.deepEqual(describeFirstRow(Buffer.from(`${SHORT}\n`), false), layout(SHORT, ",", 3, [1, 2, 3, undefined]));
  });
});
