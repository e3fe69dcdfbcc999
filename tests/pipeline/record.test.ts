import * as assert from "node:assert/strict";
import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from "@aws-sdk/client-athena";
import { BUCKETS, DATABASE } from "../support/deployedPipeline";
import { eventually } from "@c360/local-aws/testing";
import { RecommendingPipeline } from "../support/recommendingPipeline";

const COLUMNS = [
  "dt",
  "run_id",
  "run_date",
  "run_key",
  "finished_at",
  "rows",
  "users",
  "items",
  "solution_version_arn",
  "decision",
  "reason",
];

describe("the record of training runs", () => {
  let world: RecommendingPipeline;
  let athena: AthenaClient;
  before(async () => {
    world = await RecommendingPipeline.open();
    athena = new AthenaClient(world.pipeline.running.client);
  });
  after(async () => {
    athena.destroy();
    await world.close();
  });

  async function query(QueryString: string): Promise<string[][]> {
    const WorkGroup = "acme-c360-recommender-athena-dev";
    const { QueryExecutionId } = await athena.send(new StartQueryExecutionCommand({ QueryString, WorkGroup }));
    await eventually(async () => {
      const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }));
      assert.equal(QueryExecution?.Status?.State, "SUCCEEDED", QueryExecution?.Status?.StateChangeReason);
    });
    const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId }));
    return (ResultSet?.Rows ?? []).slice(1).map(({ Data = [] }) => Data.map(({ VarCharValue = "" }) => VarCharValue));
  }

  it("has a row for each run, which Athena reads", async () => {
    const { output } = await world.run("monday");
    const { solutionVersionArn, metrics, decision, reason } = output.training;
    const ndcg = "normalized_discounted_cumulative_gain_at_25";
    const [row, ...more] = await query(`SELECT ${COLUMNS.join(", ")}, element_at(metrics, '${ndcg}') FROM ${DATABASE}.t310_training_run`);
    const { finished_at, ...found } = Object.fromEntries(COLUMNS.map((name, i) => [name, row[i]]));
    assert.match(finished_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    assert.deepEqual(found, {
      ...{ dt: "2026-01-31", run_date: "2026-01-31", run_id: output.runId, run_key: "monday" },
      ...{ rows: "1000", users: "25", items: "40", solution_version_arn: solutionVersionArn, decision, reason },
    });
    assert.equal(Number(row[COLUMNS.length]), metrics[ndcg]);
    assert.deepEqual(more, []);
    const keys = await world.pipeline.keys(BUCKETS.lake, "crm_derived_restricted/t310_training_run/");
    assert.deepEqual(keys, [`crm_derived_restricted/t310_training_run/dt=2026-01-31/${output.runId}.json`]);
  });

  it("has the same row when the run key comes again", async () => {
    await world.run("monday");
    assert.deepEqual(await query(`SELECT run_key, decision FROM ${DATABASE}.t310_training_run`), [["monday", "kept"]]);
  });
});
