import * as assert from "node:assert/strict";
import { CreatePartitionCommand } from "@aws-sdk/client-glue";
import { gunzipSync } from "node:zlib";
import { AthenaBench, CACHE, DATABASE, dayTable, type Ended, LAKE, lineTable, RESULTS, UPSTREAM } from "../../testing/athena";

const PIECE = 20_000;
/** In no order. */
const LINES = Array.from({ length: 10_000 }, (_, i) => `user-${i},item ${i % 7}`);
const ORDERED = [...LINES]
  .sort()
  .map((line) => `${line}\n`)
  .join("");

describe("Athena's UNLOAD", () => {
  let bench: AthenaBench;
  const unload = async (query: string, uri: string, format: string): Promise<Ended> => {
    const ended = await bench.run(`UNLOAD (${query}) TO '${uri}' WITH (${format})`);
    assert.deepEqual([ended.state, ended.reason], ["SUCCEEDED", undefined]);
    return ended;
  };
  const keysOf = (uris: string[]) => uris.map((uri) => uri.slice(`s3://${CACHE}/`.length)).sort();
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0, pieceBytes: PIECE });
    await bench.table(lineTable("history", `s3://${UPSTREAM}/history/`));
    await bench.put(UPSTREAM, "history/a", LINES.join("\n"));
  });
  after(() => bench.close());

  it("writes several files of lines, in an order of their own, when there is much", async () => {
    const ended = await unload(`SELECT line FROM ${DATABASE}.history`, `s3://${CACHE}/plain/`, "format = 'TEXTFILE', compression = 'NONE'");
    const uris = await bench.manifest(ended);
    assert.ok(uris.length > 3, `${uris.length} files`);
    const parts = await Promise.all(uris.map((uri) => bench.get(uri)));
    assert.ok(parts.slice(0, -1).every(({ length }) => length >= PIECE));
    assert.equal(Buffer.concat(parts).toString(), ORDERED);
    assert.deepEqual(await bench.keys(CACHE, "plain/"), keysOf(uris));
  });

  it("packs lines when it is asked to", async () => {
    const ended = await unload(
      `SELECT line FROM ${DATABASE}.history`,
      `s3://${CACHE}/packed/`,
      "format = 'TEXTFILE', compression = 'GZIP'",
    );
    const uris = await bench.manifest(ended);
    assert.ok(uris.every((uri) => uri.endsWith(".gz")));
    const parts = await Promise.all(uris.map(async (uri) => gunzipSync(await bench.get(uri))));
    assert.equal(Buffer.concat(parts).toString(), ORDERED);
  });

  it("writes several files of parquet that are one table", async () => {
    await bench.table(
      dayTable("t200", [
        { name: "line", type: "string" },
        { name: "n", type: "bigint" },
        { name: "ok", type: "boolean" },
        { name: "later", type: "string" },
      ]),
    );
    const query = `SELECT line, sum(1) AS n, line = '${LINES[0]}' AS ok FROM ${DATABASE}.history GROUP BY line`;
    const location = `s3://${LAKE}/t200/run=1/`;
    const uris = await bench.manifest(await unload(query, location, "format = 'PARQUET', compression = 'SNAPPY'"));
    assert.ok(uris.length > 1, `${uris.length} files`);
    const PartitionInput = { Values: ["1"], StorageDescriptor: { Location: location } };
    await bench.glue.send(new CreatePartitionCommand({ DatabaseName: DATABASE, TableName: "t200", PartitionInput }));
    const figures = "count(*) AS lines, sum(n) AS n, count(later) AS later, max(CASE WHEN ok THEN line END) AS line";
    const [, figure] = await bench.rows(`SELECT ${figures} FROM ${DATABASE}.t200`);
    assert.deepEqual(figure, ["10000", "10000", "0", LINES[0]]);
    const [, ...files] = await bench.rows(`SELECT DISTINCT "$path" AS uri FROM ${DATABASE}.t200`);
    assert.deepEqual(files.flat().sort(), [...uris].sort());
  });

  it("writes no file without rows, but a manifest", async () => {
    for (const format of ["format = 'PARQUET', compression = 'SNAPPY'", "format = 'TEXTFILE', compression = 'NONE'"]) {
      const ended = await unload(`SELECT line FROM ${DATABASE}.history WHERE line = ''`, `s3://${CACHE}/none/`, format);
      assert.equal((await bench.get(`${RESULTS}${ended.id}-manifest.csv`)).length, 0);
      assert.deepEqual(await bench.keys(CACHE, "none/"), []);
    }
  });

  it("sets fields of text apart as Hive does", async () => {
    const query = `SELECT line, 1 AS n, line = '' AS ok, NULLIF(line, line) AS nothing FROM ${DATABASE}.history WHERE line = '${LINES[5]}'`;
    const [uri] = await bench.manifest(await unload(query, `s3://${CACHE}/fields/`, "format = 'TEXTFILE', compression = 'NONE'"));
    assert.equal((await bench.get(uri)).toString(), `${LINES[5]}\x011\x01false\x01\\N\n`);
  });
});

describe("Athena's workgroups", () => {
  it("are refused by name where their inputs are not known or break a rule", async () => {
    const bench = await AthenaBench.open();
    const refused = (inputs: object, message: RegExp) =>
      assert.rejects(bench.create("aws:athena/workgroup:Workgroup", { name: "w", ...inputs }), { message });
    await refused({ name: "a b" }, /name must be 1 to 128 of .*, got "a b"/);
    await refused(
      { configuration: { executionRole: "x" } },
      /Workgroup "w": configuration: the local cloud does not know the input executionRole/,
    );
    await refused({ configuration: { bytesScannedCutoffPerQuery: 9_999_999 } }, /at least 10000000, got 9999999/);
    await refused(
      { configuration: { resultConfiguration: { outputLocation: "cache/athena" } } },
      /outputLocation must be s3:\/\/bucket\/prefix\//,
    );
    await refused(
      { configuration: { engineVersion: { selectedEngineVersion: "Athena engine version 2" } } },
      /one of AUTO, Athena engine version 3/,
    );
    await refused({ name: "shop-athena" }, /WorkGroup shop-athena is already created/);
    await bench.close();
  });
});
