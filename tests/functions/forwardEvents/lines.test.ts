import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { readRecord } from "../../../functions/forwardEvents/lines";

const good = (session: string): string => JSON.stringify({ session_id: session, event_list: [{}] });
const read = (payload: string | Buffer) => readRecord(Buffer.from(payload).toString("base64"));
/** Each line's index, and its session or the reason why it is bad. */
const linesOf = (payload: string | Buffer) =>
  read(payload).map(({ line, decoded }) => [line, decoded.ok ? decoded.sessionId : decoded.reason]);

describe("readRecord", () => {
  it("never throws, whatever the bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (payload) => {
        assert.ok(read(Buffer.from(payload)).length >= 1);
      }),
    );
  });

  it("rejects data that is not base64", () => {
    const data = Buffer.from(good("s1")).toString("base64");
    assert.equal(readRecord(data)[0].decoded.ok, true);
    for (const broken of [data.slice(0, -1), `${data.slice(0, 8)}*${data.slice(9)}`, `${data}=`, "a", "a==="]) {
      assert.deepEqual(readRecord(broken), [{ decoded: { ok: false, reason: "badBase64" } }], broken);
    }
  });

  it("reads lines that end at LF, CR or CRLF, counts blank ones and ignores them", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = ["", good("a"), " \t", good("b"), ""].join(end);
      assert.deepEqual(
        linesOf(text),
        [
          [1, "a"],
          [3, "b"],
        ],
        JSON.stringify(end),
      );
    }
  });

  it("finds no line in a record without text", () => {
    for (const text of ["", "\n", " \t\r\n\n"]) assert.deepEqual(linesOf(text), [[undefined, "badJson"]], JSON.stringify(text));
  });

  it("tells each bad line from the good ones", () => {
    const bytes = Buffer.concat([Buffer.from(`${good("é")}\n{"a":"`), Buffer.from([0xff]), Buffer.from(`"}\n[]\n{\n${good("b")}`)]);
    assert.deepEqual(linesOf(bytes), [
      [0, "é"],
      [1, "badUtf8"],
      [2, "notAnObject"],
      [3, "badJson"],
      [4, "b"],
    ]);
  });

  it("rejects a record that is JSON only as a whole, even where one of its lines is JSON too", () => {
    const value: unknown = JSON.parse(good("s"));
    const texts = [
      JSON.stringify(value, undefined, 2),
      JSON.stringify(value, undefined, 1).replaceAll("\n", "\r\n"),
      JSON.stringify([value], undefined, "\t"),
      '{"session_id":"s","event_list":[\n{"eventType":"a"},\n{"eventType":"b"}\n]}',
      "[\n1\n]",
    ];
    for (const text of texts) assert.deepEqual(linesOf(text), [[undefined, "lineBreakInJson"]], text);
  });

  it("takes a good line of such a record, because the lake does", () => {
    assert.deepEqual(linesOf(`[\n${good("a")}\n]`), [
      [0, "badJson"],
      [1, "a"],
      [2, "badJson"],
    ]);
  });

  it("reads several objects over several lines as lines", () => {
    assert.deepEqual(linesOf('{\n"a":1}\n{\n"a":1}'), [
      [0, "badJson"],
      [1, "badJson"],
      [2, "badJson"],
      [3, "badJson"],
    ]);
  });
});
