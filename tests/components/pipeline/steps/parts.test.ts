import * as assert from "node:assert/strict";
import { countRows, FIGURES, walkPipeline } from "../../../support/pipelineWalk";
import type { DefinitionArgs } from "../../../../components/pipeline/definition";
import type { Walked } from "../../../support/walk";

const walkWith = (figures: Record<string, number>, input: object = {}, args: Partial<DefinitionArgs> = {}): Promise<Walked> =>
  walkPipeline(
    { train: "never", ...args },
    { input: { runDate: "2026-01-31", ...input }, responses: { ReadCounts: () => countRows(figures) } },
  );
const NONE = {
  ...{ rowsIn: 0, "table.rows": 0, "table.users": 0, "table.items": 0 },
  ...{ "csv.rows": 0, "csv.users": 0, "csv.items": 0, "csv.repeatUsers": 0, "csv.bytes": 0, "csv.eventTypes": 0 },
};

describe("the counts of a run", () => {
  it("are the figures of the query, in groups", async () => {
    const { variables, output, calls } = await walkWith(FIGURES);
    assert.deepEqual(variables.counts, {
      rowsIn: 1002,
      leftOut: { badJson: 1, duplicate: 1 },
      badRows: 1,
      badObjects: [{ object: "s3://upstream/latest/2026/01/31/00/a.gz", rows: 1, reasons: { badJson: 1 } }],
      table: { rows: 1000, users: 25, items: 40 },
      csv: { rows: 1000, users: 25, items: 40, repeatUsers: 25, bytes: 30_000, eventTypes: 3 },
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

  it("ask for two rows of one percent of the users", async () => {
    const users = { ...FIGURES, rowsIn: 5002, "table.rows": 5000, "csv.rows": 5000, "csv.repeatUsers": 40 };
    assert.equal((await walkWith({ ...users, "csv.users": 4000 })).states.at(-1), "Done");
    const { error, cause, states } = await walkWith({ ...users, "csv.users": 4001 });
    const found = "Personalize needs 2 or more rows of at least 1% of the users, run date 2026-01-31 has 40 such users of 4001";
    assert.equal(error, "TooFewRepeatUsers");
    assert.ok(cause?.startsWith(`${found} - The table is built and the CSV is unchanged. `), cause);
    assert.ok(!states.includes("WriteParts"));
  });

  it("ask for no more than ten event types", async () => {
    assert.equal((await walkWith({ ...FIGURES, "csv.eventTypes": 10 })).states.at(-1), "Done");
    const { error, cause, states } = await walkWith({ ...FIGURES, "csv.eventTypes": 11 });
    const found = "Personalize takes at most 10 event types and optional columns together, run date 2026-01-31 has 11 event types";
    const advice =
      "The table is built and the CSV is unchanged. Name the ones that count in recommender.eventTypes, then start again with rebuild: true.";
    assert.deepEqual([error, cause], ["TooManyEventTypes", `${found} - ${advice}`]);
    assert.ok(!states.includes("WriteParts"));
  });

  it("show a table that has more rows than came in", async () => {
    const { states, error, cause = "" } = await walkWith({ ...FIGURES, "table.rows": 2000 });
    assert.equal(error, "WrongTable");
    assert.match(cause, /^the table of run date 2026-01-31 has 2000 rows, only 1000 belong in it - .* start again with rebuild: true\.$/);
    assert.ok(!states.includes("WriteParts"));
  });
});

describe("the bad rows of a run", () => {
  const GOOD = Object.fromEntries(Object.entries(FIGURES).filter(([name]) => !/^(bad|leftOut)\./.test(name)));
  /** 100 of 1100 rows are bad, in four objects; other rows are left out, too, but nothing is wrong with them. */
  const BAD = {
    ...{ ...GOOD, rowsIn: 1100 + 500, "leftOut.badJson": 40, "leftOut.badTimestamp": 60 },
    ...{
      "leftOut.duplicate": 100,
      "leftOut.uncountedEventType": 100,
      "leftOut.anonymous": 100,
      "leftOut.noItem": 100,
      "leftOut.late": 100,
    },
    ...{ "bad.badJson.s3://b/a.b.gz": 30, "bad.badTimestamp.s3://b/a.b.gz": 5, "bad.badTimestamp.s3://b/one": 50 },
    ...{ "bad.badJson.s3://b/last": 4, "bad.badTimestamp.s3://b/last": 1, "bad.badTimestamp.s3://b/least, by a hair": 4 },
  };
  const LIMIT = 100 / 1600;

  it("may be the largest share that is set, and the output names the objects with the most", async () => {
    const { states, output } = await walkWith(BAD, {}, { maxBadShare: LIMIT });
    assert.equal(states.at(-1), "Done");
    const { badRows, badObjects } = (output as { counts: Record<string, unknown> }).counts;
    assert.equal(badRows, 100);
    assert.deepEqual(badObjects, [
      { object: "s3://b/one", rows: 50, reasons: { badTimestamp: 50 } },
      { object: "s3://b/a.b.gz", rows: 35, reasons: { badJson: 30, badTimestamp: 5 } },
      { object: "s3://b/last", rows: 5, reasons: { badJson: 4, badTimestamp: 1 } },
      { object: "s3://b/least, by a hair", rows: 4, reasons: { badTimestamp: 4 } },
    ]);
  });

  it("end the run above that share, with the three objects that have the most", async () => {
    const { states, error, cause } = await walkWith({ ...BAD, "csv.rows": 1 }, {}, { maxBadShare: LIMIT - 1e-9 });
    const found =
      "100 of 1600 rows that came in are malformed or have a bad value; the objects with the most: " +
      's3://b/one has 50 {"badTimestamp":50}; s3://b/a.b.gz has 35 {"badJson":30,"badTimestamp":5}; ' +
      's3://b/last has 5 {"badJson":4,"badTimestamp":1}';
    assert.equal(error, "TooManyBadRows");
    assert.ok(cause?.startsWith(`${found} - The table is built and the CSV is unchanged. `), cause);
    assert.ok(!states.includes("WriteParts"));
  });

  it("go through once where the input accepts them", async () => {
    const strict = { maxBadShare: 0 };
    assert.equal((await walkWith(BAD, {}, strict)).error, "TooManyBadRows");
    assert.equal((await walkWith(BAD, { acceptBadRows: true }, strict)).states.at(-1), "Done");
    assert.equal((await walkWith({ ...BAD, "csv.rows": 1 }, { acceptBadRows: true }, strict)).error, "TooFewInteractions");
  });

  it("are none where every row is good", async () => {
    const { variables } = await walkWith({ ...GOOD, rowsIn: 1000 }, {}, { maxBadShare: 0 });
    const { badRows, badObjects } = variables.counts as Record<string, unknown>;
    assert.deepEqual([badRows, badObjects], [0, []]);
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
