import { GetQueryResultsCommand } from "@aws-sdk/client-athena";
import { CreatePartitionCommand } from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { AthenaBench, CACHE, dayTable, hourTable, LAKE, lineTable, RESULTS, UPSTREAM } from "../../testing/athena";

const COLUMNS = [
  { name: "user_id", type: "string" },
  { name: "timestamp", type: "bigint" },
  { name: "streamed", type: "boolean" },
];

describe("Athena", () => {
  let bench: AthenaBench;
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0 });
    await bench.table(lineTable("history", `s3://${UPSTREAM}/history/`));
    await bench.table(hourTable("event", `s3://${UPSTREAM}/latest/`, "2026/01/01/00,NOW"));
    await bench.table(dayTable("t200", COLUMNS));
  });
  after(() => bench.close());

  it("reads the lines of a table, whatever they hold", async () => {
    const lines = [
      "a,b",
      '"q""uo,te"',
      "",
      " lead and trail ",
      "back\\slash",
      "\\N",
      "NULL",
      "nul\0",
      "\ufeffbom",
      "tab\t",
      "\u2028\u0085",
      "'x'",
      '"',
      "😀",
    ];
    await bench.put(UPSTREAM, "history/a.csv", lines.join("\n") + "\n");
    await bench.put(UPSTREAM, "history/b.csv", "one\r\ntwo\rthree\r\r\nfour");
    await bench.put(UPSTREAM, "history/c.csv.gz", gzipSync("packed\n"));
    await bench.put(UPSTREAM, "history/d.csv", Buffer.from([0x78, 0xff, 0xc3, 0x0a, 0xc3, 0xa9]));
    await bench.put(UPSTREAM, "history/empty.csv", "");
    await bench.put(UPSTREAM, "history/_hidden", "hidden\n");
    await bench.put(UPSTREAM, "history/.hidden", "hidden\n");
    await bench.put(UPSTREAM, "history/folder/", "");
    const [header, ...rows] = await bench.rows(`SELECT line, "$path" FROM shop_derived.history ORDER BY "$path"`);
    assert.deepEqual(header, ["line", "$path"]);
    const of = (name: string) => rows.filter(([, path]) => path === `s3://${UPSTREAM}/history/${name}`).map(([line]) => line);
    assert.deepEqual(of("a.csv"), lines);
    assert.deepEqual(of("b.csv"), ["one", "two", "three", "", "four"]);
    assert.deepEqual(of("c.csv.gz"), ["packed"]);
    assert.deepEqual(of("d.csv"), ["x\ufffd\ufffd", "é"]);
    assert.equal(rows.length, lines.length + 5 + 1 + 2);
  });

  it("reads a projected table within its range", async () => {
    await bench.put(UPSTREAM, "latest/2025/12/31/23/early", "early\n");
    await bench.put(UPSTREAM, "latest/2026/01/01/00/first", "first\n");
    await bench.put(UPSTREAM, "latest/2026/13/01/00/no-month", "none\n");
    await bench.put(UPSTREAM, "latest/2026/01/02/05/a.gz", gzipSync("second\nthird\n"));
    await bench.put(UPSTREAM, "latest/2099/01/01/00/later", "later\n");
    assert.deepEqual(await bench.rows("SELECT datehour, line FROM shop_derived.event ORDER BY line"), [
      ["datehour", "line"],
      ["2026/01/01/00", "first"],
      ["2026/01/02/05", "second"],
      ["2026/01/02/05", "third"],
    ]);
  });

  it("unloads parquet that a partition then points at", async () => {
    const location = `s3://${LAKE}/t200/dt=2026-01-02/run=1/`;
    const sql = `SELECT user_id, "timestamp", streamed FROM (VALUES ('u1', CAST(5 AS BIGINT), true), ('u2', NULL, false)) AS t (user_id, "timestamp", streamed)`;
    const ended = await bench.run(`UNLOAD (${sql}) TO '${location}' WITH (format = 'PARQUET', compression = 'SNAPPY')`);
    assert.deepEqual([ended.state, ended.reason], ["SUCCEEDED", undefined]);
    assert.equal(ended.execution.Statistics?.DataManifestLocation, `${RESULTS}${ended.id}-manifest.csv`);
    const [uri, ...more] = await bench.manifest(ended);
    assert.match(uri, /^s3:\/\/shop-lake\/t200\/dt=2026-01-02\/run=1\/\d{8}_\d{6}_\d{5}_[0-9a-z]{5}_[-0-9a-f]{36}$/);
    assert.deepEqual(more, []);
    const place = { DatabaseName: "shop_derived", TableName: "t200" };
    const StorageDescriptor = { Location: location };
    await bench.glue.send(new CreatePartitionCommand({ ...place, PartitionInput: { Values: ["2026-01-02"], StorageDescriptor } }));
    assert.deepEqual(await bench.rows(`SELECT * FROM shop_derived.t200 WHERE dt = '2026-01-02' ORDER BY user_id`), [
      ["user_id", "timestamp", "streamed", "dt"],
      ["u1", "5", "true", "2026-01-02"],
      ["u2", undefined, "false", "2026-01-02"],
    ]);
  });

  it("unloads lines as they are", async () => {
    const sql = `SELECT line FROM (VALUES ('a,"b"'), (NULL), ('')) AS t (line)`;
    const ended = await bench.run(`UNLOAD (${sql}) TO 's3://${CACHE}/parts/1/' WITH (format = 'TEXTFILE', compression = 'NONE')`);
    assert.deepEqual([ended.state, ended.reason], ["SUCCEEDED", undefined]);
    const [uri] = await bench.manifest(ended);
    assert.equal((await bench.get(uri)).toString(), '\n\\N\na,"b"\n');
    const { UpdateCount, ResultSet } = await bench.athena.send(new GetQueryResultsCommand({ QueryExecutionId: ended.id }));
    assert.deepEqual([UpdateCount, ResultSet?.Rows], [3, []]);
  });
});
