import * as assert from "node:assert/strict";
import type { Json } from "../../src/service";
import { AthenaBench, DATABASE, LAKE, lineTable } from "../../testing/athena";

const JSON_LINES = "org.apache.hive.hcatalog.data.JsonSerDe";
const COLUMNS = [
  { name: "run_id", type: "string" },
  { name: "rows", type: "bigint" },
  { name: "metrics", type: "map<string,double>" },
];

describe("Athena's tables of JSON", () => {
  let bench: AthenaBench;
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0 });
  });
  after(() => bench.close());

  /** Makes a table by the day, whose partitions are projected. */
  async function table(name: string, objects: Record<string, string>, changes: { range?: string; serDe?: Json } = {}): Promise<void> {
    const location = `s3://${LAKE}/${name}/`;
    const parameters = {
      "projection.enabled": "true",
      "projection.dt.type": "date",
      "projection.dt.format": "yyyy-MM-dd",
      "projection.dt.range": changes.range ?? "2026-01-01,NOW",
      "projection.dt.interval": "1",
      "projection.dt.interval.unit": "DAYS",
      "storage.location.template": `${location}dt=\${dt}/`,
    };
    const serDeInfo = { serializationLibrary: JSON_LINES, parameters: changes.serDe ?? {} };
    const partitionKeys = [{ name: "dt", type: "string" }];
    await bench.table({
      ...lineTable(name, location, { partitionKeys, parameters }),
      storageDescriptor: { columns: COLUMNS, serDeInfo, location },
    });
    for (const [key, body] of Object.entries(objects)) await bench.put(LAKE, `${name}/${key}`, body);
  }
  const reason = async (name: string) => (await bench.run(`SELECT run_id FROM ${DATABASE}.${name}`)).reason ?? "";

  it("have members by the columns' names; what is missing is NULL, what is unknown is left out", async () => {
    await table("runs", {
      "dt=2026-01-30/a.json": '{"run_id":"a-1","rows":9007199254740993,"metrics":{"coverage":0.25,"precision_at_5":1},"more":[1]}',
      "dt=2026-01-31/b.json": '{"run_id":"b \\"2\\"","metrics":{}}\n{"run_id":null}\n',
      "dt=2025-12-31/early.json": '{"run_id":"before the range"}',
      "other/c.json": '{"run_id":"in no partition"}',
    });
    const query = `SELECT dt, run_id, rows, element_at(metrics, 'coverage') FROM ${DATABASE}.runs WHERE dt = '2026-01-30'`;
    assert.deepEqual((await bench.rows(query)).slice(1), [["2026-01-30", "a-1", "9007199254740993", "0.25"]]);
    assert.deepEqual((await bench.rows(`SELECT dt, run_id, rows FROM ${DATABASE}.runs ORDER BY dt, run_id`)).slice(1), [
      ["2026-01-30", "a-1", "9007199254740993"],
      ["2026-01-31", 'b "2"', undefined],
      ["2026-01-31", undefined, undefined],
    ]);
  });

  it("fail at a line that is no JSON", async () => {
    await table("broken", { "dt=2026-01-30/a.json": '{"run_id":' });
    assert.match(await reason("broken"), /JSON/);
  });

  it("are refused where the local Athena does not know what is asked", async () => {
    await table("odd", {}, { serDe: { "ignore.malformed.json": "true" } });
    assert.match(
      await reason("odd"),
      /does not know the SerDe org\.apache\.hive\.hcatalog\.data\.JsonSerDe with ignore\.malformed\.json true/,
    );
    await table("hours", {}, { range: "2026-02-30,NOW" });
    assert.match(await reason("hours"), /projection\.dt\.range must be two of yyyy-MM-dd or NOW in the local athena, got 2026-02-30,NOW/);
  });
});
