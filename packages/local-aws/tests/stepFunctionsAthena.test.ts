import * as assert from "node:assert/strict";
import { makeAthena } from "../src/athena";
import { glue } from "../src/glue";
import { s3 } from "../src/s3";
import type { Json } from "../src/service";
import { machineOf, may, StepFunctionsBench, taskOf } from "../testing/stepFunctions";

const BUCKET = "shop-cache";
const WORKGROUP = "shop-athena";
const ALL = ["StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"].map((name) => `athena:${name}`);
/** So long a query waits for its turn that it never gets it. */
const NEVER = 1e9;

const query = (QueryString: string, more: Json = {}): Json =>
  taskOf("athena:startQueryExecution.sync", { QueryString, WorkGroup: WORKGROUP }, more);

describe("local Step Functions: Athena", () => {
  let bench: StepFunctionsBench;
  afterEach(() => bench.close());

  const open = async (queueMs: number, actions: string[] = ALL): Promise<void> => {
    bench = await StepFunctionsBench.open({ services: [s3, glue, makeAthena({ queueMs })] });
    await bench.create("aws:s3/bucket:Bucket", { bucket: BUCKET });
    const resultConfiguration = { outputLocation: `s3://${BUCKET}/athena/` };
    await bench.create("aws:athena/workgroup:Workgroup", { name: WORKGROUP, configuration: { resultConfiguration } });
    await bench.allow(
      may(actions, `arn:aws:athena:ap-southeast-1:123456789012:workgroup/${WORKGROUP}`),
      may(["athena:GetDataCatalog", "glue:Get*", "s3:*"]),
    );
  };
  /** States of all queries, the newest first. */
  const states = async (): Promise<unknown[]> => {
    const { cloud, owner } = bench.running;
    const { output: listed } = await cloud.call(owner, "athena", "ListQueryExecutions", { WorkGroup: WORKGROUP });
    const ids = listed?.QueryExecutionIds as string[];
    const found = await Promise.all(ids.map((id) => cloud.call(owner, "athena", "GetQueryExecution", { QueryExecutionId: id })));
    return found.map(({ output }) => (output as { QueryExecution: { Status: Json } }).QueryExecution.Status.State);
  };

  it("runs a query to its end and reads its result", async () => {
    await open(500);
    const { Call: Ask } = query("SELECT 6 * 7 AS answer", { Next: "Read" });
    const { Call: Read } = taskOf("athena:getQueryResults", { QueryExecutionId: "{% $states.input.QueryExecution.QueryExecutionId %}" });
    const { status, output } = await bench.run({ Ask, Read });
    const { ResultSet } = output as { ResultSet: { Rows: Json[] } };
    assert.deepEqual([status, ResultSet.Rows], ["SUCCEEDED", [{ Data: [{ VarCharValue: "answer" }] }, { Data: [{ VarCharValue: "42" }] }]]);
    const [, , submitted, succeeded] = (await bench.history()).slice(2);
    assert.equal(submitted.type, "TaskSubmitted");
    const { QueryExecution } = JSON.parse(succeeded.taskSucceededEventDetails?.output ?? "") as { QueryExecution: Json };
    const { QueryExecutionId } = QueryExecution;
    assert.deepEqual(JSON.parse(submitted.taskSubmittedEventDetails?.output ?? ""), { QueryExecutionId });
    const { SubmissionDateTime } = QueryExecution.Status as { SubmissionDateTime: number };
    assert.ok(Number.isInteger(SubmissionDateTime) && SubmissionDateTime > Date.UTC(2020, 0), `${SubmissionDateTime}`);
  });

  it("fails with the failed query as the cause", async () => {
    await open(500);
    const { error, cause } = await bench.run(query("SELECT CAST('x' AS integer)"));
    const { QueryExecution } = JSON.parse(String(cause)) as { QueryExecution: { Status: Json } };
    assert.deepEqual([error, QueryExecution.Status.State], ["States.TaskFailed", "FAILED"]);
    assert.match(String(QueryExecution.Status.StateChangeReason), /\S/);
  });

  it("times out where the start is never answered", async () => {
    await open(500);
    bench.running.faults.inject({ service: "athena", operation: "StartQueryExecution", kind: "silence" });
    assert.equal((await bench.run(query("SELECT 1", { TimeoutSeconds: 1 }))).error, "States.Timeout");
  });

  it("stops the query when the task times out, and when the execution is stopped", async () => {
    await open(NEVER);
    assert.equal((await bench.run(query("SELECT 1", { TimeoutSeconds: 1 }))).error, "States.Timeout");
    assert.deepEqual(await states(), ["CANCELLED"]);
    const executionArn = await bench.start(await bench.deploy(machineOf(query("SELECT 2"))));
    await bench.submitted(executionArn);
    const { cloud, owner } = bench.running;
    await cloud.call(owner, "states", "StopExecution", { executionArn });
    assert.deepEqual(await states(), ["CANCELLED", "CANCELLED"]);
  });

  it("fails with the cancelled query as the cause", async () => {
    await open(NEVER);
    const executionArn = await bench.start(await bench.deploy(machineOf(query("SELECT 1"))));
    const { QueryExecutionId } = await bench.submitted(executionArn);
    const { cloud, owner } = bench.running;
    await cloud.call(owner, "athena", "StopQueryExecution", { QueryExecutionId });
    const { error, cause } = await bench.ended(executionArn);
    assert.equal(error, "States.TaskFailed");
    assert.match(cause ?? "", /"State":"CANCELLED"/);
  });

  it("needs the role's permissions", async () => {
    await open(500, ["athena:StartQueryExecution"]);
    const cause = /not authorized to perform athena:GetQueryExecution /;
    await bench.fails(query("SELECT 1"), "Athena.AmazonAthenaException", cause);
  });
});
