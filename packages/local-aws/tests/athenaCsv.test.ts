import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Json } from "../src/service";
import { AthenaBench, DATABASE, lineTable, UPSTREAM } from "../testing/athena";

const DELIMITED = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const QUOTED = "org.apache.hadoop.hive.serde2.OpenCSVSerde";

describe("Athena's tables of CSV", () => {
  let bench: AthenaBench;
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0 });
  });
  after(() => bench.close());

  /** Makes a table of one object. */
  async function table(name: string, library: string, types: string[], body: string | Buffer, more: { serDe?: Json; table?: Json } = {}) {
    const location = `s3://${UPSTREAM}/${name}/`;
    const columns = types.map((type, i) => ({ name: "abc"[i], type }));
    const serDeInfo = { serializationLibrary: library, parameters: more.serDe ?? {} };
    await bench.table({
      ...lineTable(name, location, { parameters: more.table ?? {} }),
      storageDescriptor: { columns, serDeInfo, location },
    });
    await bench.put(UPSTREAM, `${name}/a${Buffer.isBuffer(body) ? ".gz" : ""}`, body);
  }
  const rows = async (name: string, columns: string) =>
    (await bench.rows(`SELECT ${columns} FROM ${DATABASE}.${name} ORDER BY 1`)).slice(1);
  const reason = async (name: string) => (await bench.run(`SELECT a FROM ${DATABASE}.${name}`)).reason;

  it("are split at the delimiter; what is missing, is \\N or does not fit is NULL", async () => {
    const body = ["name,count,more", "1 a,1,x", '2 "b","2",', "3 c,\\N", "4 d,4,y,z", "", "5 é,9223372036854775807,😀"].join("\r\n");
    const header = { table: { "skip.header.line.count": "1" } };
    await table("delimited", DELIMITED, ["string", "bigint", "string"], body, { serDe: { "field.delim": "," }, ...header });
    assert.deepEqual(await rows("delimited", "a, b, c"), [
      ["", undefined, undefined],
      ["1 a", "1", "x"],
      ['2 "b"', undefined, ""],
      ["3 c", undefined, undefined],
      ["4 d", "4", "y"],
      ["5 é", "9223372036854775807", "😀"],
    ]);
  });

  it("have Hive's own delimiter where none is given", async () => {
    await table("hive", DELIMITED, ["string", "int"], "a,b\u00017\n");
    assert.deepEqual(await rows("hive", "a, b"), [["a,b", "7"]]);
  });

  it("may have fields in quotes, with quotes that are doubled or follow a backslash, compressed too", async () => {
    const body = gzipSync(
      String.raw`USER_ID,ITEM_ID` + "\n" + String.raw`1,"a,b"` + "\n" + String.raw`2,"say ""hi"" \"ho\" \\"` + "\n3,plain\n",
    );
    await table("quoted", QUOTED, ["string", "string"], body, { table: { "skip.header.line.count": "1" } });
    assert.deepEqual(await rows("quoted", "a, b"), [
      ["1", "a,b"],
      ["2", String.raw`say "hi" "ho" \\`.replace("\\\\", "\\")],
      ["3", "plain"],
    ]);
  });

  it("name what is not known of them", async () => {
    await table("stray", QUOTED, ["string"], 'a"b,c\n');
    assert.match((await reason("stray")) ?? "", /the local athena does not know how OpenCSVSerde reads the line a"b,c/);
    await table("typed", QUOTED, ["bigint"], "1\n");
    assert.equal(
      await reason("typed"),
      `NOT_SUPPORTED: Table typed: the local athena does not know the SerDe ${QUOTED} with column a of type bigint`,
    );
    await table("semicolons", QUOTED, ["string"], "1\n", { serDe: { separatorChar: ";" } });
    const other = `NOT_SUPPORTED: Table semicolons: the local athena does not know the SerDe ${QUOTED} with separatorChar ;`;
    assert.equal(await reason("semicolons"), other);
    await table("escaped", DELIMITED, ["string"], "1\n", { serDe: { "escape.delim": "\\" } });
    assert.equal(
      await reason("escaped"),
      `NOT_SUPPORTED: Table escaped: the local athena does not know the SerDe ${DELIMITED} with escape.delim \\`,
    );
  });
});
