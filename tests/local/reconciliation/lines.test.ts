import * as assert from "node:assert/strict";
import type { ExpectedDeadLetter, ProducedRecord } from "../../../local/interactions/records";
import { producedLines, writtenBytes } from "../../../local/reconciliation/lines";

const record = (data: string | Buffer, deadLetter?: ExpectedDeadLetter, userRecords?: string[]): ProducedRecord => ({
  ...{ partitionKey: "k", data: Buffer.from(data), events: 0, deadLetter },
  ...(userRecords && { userRecords: userRecords.map((one) => Buffer.from(one)) }),
});

describe("the lines of a record in the lake", () => {
  it("end at LF, CR or CRLF, and blank ones are none", () => {
    assert.deepEqual(producedLines(record("a\r\n \nb\rc\n")), [{ text: "a" }, { text: "b" }, { text: "c" }]);
    assert.deepEqual(producedLines(record("")), []);
  });

  it("are bad as the dead letter says", () => {
    assert.deepEqual(producedLines(record("a", { reason: "badSentAt", events: [1] })), [{ text: "a", reason: "badSentAt", events: [1] }]);
    const lines = [
      { line: 2, reason: "badJson" },
      { line: 3, reason: "badItemId", events: [0] },
    ];
    assert.deepEqual(producedLines(record("a\n\nb\nc", { reason: "badJson", lines })), [
      { text: "a" },
      { text: "b", reason: "badJson", events: undefined },
      { text: "c", reason: "badItemId", events: [0] },
    ]);
  });

  it("have reasons of their own where the record is bad as a whole", () => {
    assert.deepEqual(producedLines(record("{\n}", { reason: "lineBreakInJson" })), [
      { text: "{", reason: "badJson" },
      { text: "}", reason: "badJson" },
    ]);
    const broken = Buffer.from("f3899ac20a78", "hex");
    assert.deepEqual(
      producedLines(record(broken, { reason: "badAggregate" })).map(({ reason }) => reason),
      ["badUtf8", "badJson"],
    );
  });

  it("are those of an aggregate's user records", () => {
    const one = record("aggregate", { reason: "badJson", lines: [{ userRecord: 1, line: 1, reason: "badJson" }] }, ["a\nb", "c\nd"]);
    assert.deepEqual(
      producedLines(one).map(({ text, reason }) => [text, reason]),
      [
        ["a", undefined],
        ["b", undefined],
        ["c", undefined],
        ["d", "badJson"],
      ],
    );
    assert.equal(writtenBytes(one).toString(), "a\nb\nc\nd");
    assert.equal(writtenBytes(record("x\n")).toString(), "x\n");
  });
});
