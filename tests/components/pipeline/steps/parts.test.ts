import * as assert from "node:assert/strict";
import { countRows, FIGURES, walkPipeline } from "../../../support/pipelineWalk";
import type { Walked } from "../../../support/walk";

const walkWith = (figures: Record<string, number>): Promise<Walked> =>
  walkPipeline({ train: "never" }, { input: { runDate: "2026-01-31" }, responses: { ReadCounts: () => countRows(figures) } });
const NONE = {
  ...{ rowsIn: 0, "table.rows": 0, "table.users": 0, "table.items": 0 },
  ...{ "csv.rows": 0, "csv.users": 0, "csv.items": 0, "csv.repeatUsers": 0, "csv.bytes": 0 },
};

describe("the counts of a run", () => {
  it("are the figures of the query, in groups", async () => {
    const { variables, output, calls } = await walkWith(FIGURES);
    assert.deepEqual(variables.counts, {
      rowsIn: 1002,
      leftOut: { badJson: 1, duplicate: 1 },
      table: { rows: 1000, users: 25, items: 40 },
      csv: { rows: 1000, users: 25, items: 40, repeatUsers: 25, bytes: 30_000 },
    });
    assert.deepEqual((output as { counts: object }).counts, variables.counts);
    assert.deepEqual(calls.ReadCounts, [{ QueryExecutionId: "count" }]);
  });

  it("may be enough by a hair, and the table may lack rows that arrived after it was built", async () => {
    const { states } = await walkWith({ ...FIGURES, rowsIn: 1005 });
    assert.equal(states.at(-1), "Done");
  });

  const few: [what: string, figures: Record<string, number>, found: string][] = [
    ["nothing at all", NONE, "0 rows and 0 such users; 0 rows came in, left out: {}"],
    [
      "a row less than 1000",
      { ...FIGURES, "csv.rows": 999 },
      '999 rows and 25 such users; 1002 rows came in, left out: {"badJson":1,"duplicate":1}',
    ],
    [
      "a user less than 25",
      { ...FIGURES, "csv.repeatUsers": 24 },
      '1000 rows and 24 such users; 1002 rows came in, left out: {"badJson":1,"duplicate":1}',
    ],
  ];
  for (const [what, figures, found] of few) {
    it(`are too few for Personalize where there is ${what}`, async () => {
      const { states, error, cause } = await walkWith(figures);
      const needed = `Personalize needs 1000 rows and 25 users with 2 or more, run date 2026-01-31 has ${found}`;
      const advice = "The table is built and the CSV is unchanged. Wait for more events or upload more history.";
      assert.deepEqual([error, cause], ["TooFewInteractions", `${needed} - ${advice}`]);
      assert.ok(states.includes("PublishPartition") && !states.includes("WriteParts"));
    });
  }

  it("show a table that has more rows than came in", async () => {
    const { states, error, cause = "" } = await walkWith({ ...FIGURES, "table.rows": 2000 });
    assert.equal(error, "WrongTable");
    assert.match(cause, /^the table of run date 2026-01-31 has 2000 rows, only 1000 belong in it - .* start again with rebuild: true\.$/);
    assert.ok(!states.includes("WriteParts"));
  });
});

describe("the parts of a run", () => {
  it("are written to a location of the execution's own, and the export is given their manifest", async () => {
    const { calls, variables } = await walkWith(FIGURES);
    const [{ QueryString, WorkGroup, QueryExecutionContext }] = calls.WriteParts;
    assert.match(String(QueryString), new RegExp(`'s3://cache/alice/recommender/parts/${String(variables.runId)}/[0-9a-f]{8}/'`));
    assert.deepEqual([WorkGroup, QueryExecutionContext], ["wg", { Catalog: "AwsDataCatalog", Database: "db" }]);
    assert.equal((calls.Export[0].Payload as { manifest: string }).manifest, "s3://cache/manifest.csv");
  });
});
