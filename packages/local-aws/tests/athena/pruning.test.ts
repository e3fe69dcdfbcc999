import * as assert from "node:assert/strict";
import { nodesOf } from "../../src/athena/dialect";
import { partitionsOf } from "../../src/athena/pruning";

const ALL = ["1", "2", "3"];

describe("Athena's choice of partitions", () => {
  const wanted = async (query: string): Promise<string[]> => {
    const permissions = partitionsOf(await nodesOf(query), { database: "d", table: "t" });
    return ALL.filter((value) => permissions(["dt"], [value]));
  };

  it("leaves out what the WHERE of every SELECT from the table alone rules out", async () => {
    assert.deepEqual(await wanted(`SELECT a FROM "d"."t" WHERE dt = '2'`), ["2"]);
    assert.deepEqual(await wanted("SELECT a FROM d.t AS x WHERE x.dt <= '2' AND (dt > '1' AND a = 'b')"), ["2"]);
    assert.deepEqual(await wanted("WITH x AS (SELECT a FROM d.t WHERE dt >= '2') SELECT a FROM x WHERE dt < '3'"), ["2", "3"]);
    assert.deepEqual(await wanted("SELECT a FROM d.t WHERE dt = '1' UNION ALL SELECT a FROM d.t WHERE dt = '3'"), ["1", "3"]);
    assert.deepEqual(await wanted("SELECT a FROM d.t WHERE dt < '2' AND a IN (SELECT b FROM d.u)"), ["1"]);
  });

  it("keeps everything where it is not sure", async () => {
    const queries = [
      "SELECT a FROM d.t",
      "SELECT a FROM d.t WHERE dt = '1' OR a = 'b'",
      "SELECT a FROM d.t WHERE NOT (dt = '1')",
      "SELECT a FROM d.t WHERE '1' = dt",
      "SELECT a FROM d.t WHERE dt = concat('1', '')",
      "SELECT a FROM d.t AS x (dt, a) WHERE dt = '1'",
      "SELECT a FROM d.t AS x CROSS JOIN d.u AS y WHERE dt = '1'",
      "SELECT a FROM d.t AS x CROSS JOIN UNNEST(ARRAY['1']) AS y (dt) WHERE dt = '1'",
      "SELECT a, (SELECT max(a) FROM d.t) FROM d.t WHERE dt = '1'",
      "SELECT a FROM d.t WHERE dt = '1' UNION ALL SELECT a FROM d.t",
      "SELECT count(*) FILTER (WHERE dt = '1') FROM d.t",
      "SELECT max(a) FROM d.t GROUP BY dt HAVING dt = '1'",
    ];
    for (const query of queries) assert.deepEqual(await wanted(query), ALL, query);
  });
});
