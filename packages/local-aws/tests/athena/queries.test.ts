import {
  AthenaClient,
  GetDataCatalogCommand,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  ListQueryExecutionsCommand,
  StopQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import * as assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AthenaBench, CACHE, DATABASE, lineTable, RESULTS, UPSTREAM, WORKGROUP } from "../../testing/athena";
import { eventually } from "../../testing/eventually";

/** A query that would run for hours. */
const ENDLESS = `SELECT count(*) AS n FROM ${["a", "b", "c", "d"].map((name) => `${DATABASE}.numbers AS ${name}`).join(" CROSS JOIN ")}
  WHERE length(a.line || b.line || c.line || d.line) = 3`;

describe("Athena's queries", () => {
  let bench: AthenaBench;
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0, pieceBytes: 20_000 });
    await bench.table(lineTable("history", `s3://${UPSTREAM}/history/`));
    await bench.put(UPSTREAM, "history/a", "one\ntwo\n");
    await bench.table(lineTable("numbers", `s3://${UPSTREAM}/numbers/`));
    await bench.put(UPSTREAM, "numbers/a", Array.from({ length: 2000 }, (_, i) => `${i + 1}\n`).join(""));
  });
  after(() => bench.close());

  it("tell what they read, wrote and were", async () => {
    const sql = `SELECT line, 1 AS "a b", count(*), CAST(NULL AS double) AS d FROM ${DATABASE}.history GROUP BY line ORDER BY line`;
    const { id, execution } = await bench.run(sql);
    assert.equal(execution.Query, sql);
    assert.equal(execution.WorkGroup, WORKGROUP);
    assert.equal(execution.ResultConfiguration?.OutputLocation, `${RESULTS}${id}.csv`);
    assert.equal(execution.Statistics?.DataScannedInBytes, 8);
    assert.ok(execution.Status?.SubmissionDateTime && execution.Status.CompletionDateTime);
    const text = `"line","a b","_col2","d"\n"one","1","1",\n"two","1","1",\n`;
    assert.equal((await bench.get(`${RESULTS}${id}.csv`)).toString(), text);
    const { ResultSet } = await bench.athena.send(new GetQueryResultsCommand({ QueryExecutionId: id }));
    assert.deepEqual(
      ResultSet?.ResultSetMetadata?.ColumnInfo?.map(({ Name, Type }) => [Name, Type]),
      [
        ["line", "varchar"],
        ["a b", "integer"],
        ["_col2", "bigint"],
        ["d", "double"],
      ],
    );
    assert.deepEqual(await readdir(join(bench.running.stateDir, "athena", "work")), []);
  });

  it("read many objects, and nobody warns of it", async () => {
    await bench.table(lineTable("many", `s3://${UPSTREAM}/many/`));
    const names = Array.from({ length: 24 }, (_, i) => `line ${String(i).padStart(2, "0")}`);
    for (const name of names) await bench.put(UPSTREAM, `many/${name}`, name);
    const warnings: Error[] = [];
    const keep = (warning: Error): void => void warnings.push(warning);
    process.on("warning", keep);
    try {
      const { id } = await bench.run(`SELECT line FROM ${DATABASE}.many ORDER BY line`);
      assert.equal((await bench.get(`${RESULTS}${id}.csv`)).toString(), ["line", ...names].map((text) => `"${text}"\n`).join(""));
    } finally {
      process.off("warning", keep);
    }
    assert.deepEqual(warnings, []);
  });

  it("take tables that name no database from the one that they are asked in", async () => {
    const sql = "WITH numbers AS (SELECT 'own' AS line) SELECT line FROM history UNION ALL SELECT line FROM numbers ORDER BY line";
    assert.deepEqual(await bench.rows(sql), [["line"], ["one"], ["own"], ["two"]]);
    const { state, reason } = await bench.run("SELECT line FROM history", { QueryExecutionContext: undefined });
    assert.deepEqual([state, reason], ["FAILED", 'SYNTAX_ERROR: the local athena must have a table as "database"."table", got history']);
  });

  it("give their rows page by page", async () => {
    const v = `CASE WHEN x % 10 = 0 THEN NULL WHEN x % 10 = 1 THEN '' ELSE 'é "' || line END AS v`;
    const sql = `SELECT ${v} FROM (SELECT line, CAST(line AS bigint) AS x FROM ${DATABASE}.numbers) AS n WHERE x <= 25 ORDER BY x`;
    const { id } = await bench.run(sql);
    const pages: (string | undefined)[][] = [];
    for (let NextToken: string | undefined; ;) {
      const page = await bench.athena.send(new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: 10, NextToken }));
      pages.push((page.ResultSet?.Rows ?? []).map(({ Data }) => Data?.[0].VarCharValue));
      NextToken = page.NextToken;
      if (NextToken === undefined) break;
    }
    assert.deepEqual(
      pages.map((page) => page.length),
      [10, 10, 6],
    );
    const value = (x: number) => (x % 10 === 0 ? undefined : x % 10 === 1 ? "" : `é "${x}`);
    assert.deepEqual(pages.flat(), ["v", ...Array.from({ length: 25 }, (_, i) => value(i + 1))]);
    const bad = { QueryExecutionId: id, NextToken: "x" };
    await assert.rejects(bench.athena.send(new GetQueryResultsCommand(bad)), { name: "InvalidRequestException", message: /NextToken/ });
    await assert.rejects(
      bench.athena.send(new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: 1001 })),
      /'1001' at 'maxResults' .* less than or equal to 1000/,
    );
  });

  it("are one query for one token", async () => {
    const token = { ClientRequestToken: "t".repeat(32) };
    const id = await bench.start("SELECT 1 AS a", token);
    assert.equal(await bench.start("SELECT 1 AS a", token), id);
    await assert.rejects(bench.start("SELECT 2 AS a", token), {
      name: "InvalidRequestException",
      message: "Idempotent parameters do not match",
    });
    await assert.rejects(
      bench.start("SELECT 1 AS a", { ClientRequestToken: "short" }),
      /'short' at 'clientRequestToken' .* greater than or equal to 32/,
    );
    await bench.ended(id);
  });

  it("refuse what is not known, by its name", async () => {
    const refused = async (more: object, message: RegExp) => assert.rejects(bench.start("SELECT 1 AS a", more), { message });
    await refused({ ExecutionParameters: ["1"] }, /ExecutionParameters of StartQueryExecution/);
    await refused({ WorkGroup: "none" }, /WorkGroup none is not found/);
    await refused({ WorkGroup: "primary" }, /No output location provided/);
    await refused({ QueryExecutionContext: { Catalog: "other" } }, /no data catalog but AwsDataCatalog, got other/);
    await refused({ QueryString: "x".repeat(262_145) }, /'queryString' .* less than or equal to 262144/);
    const untyped = bench.running.cloud.call(bench.running.owner, "athena", "StartQueryExecution", { QueryString: 1 });
    await assert.rejects(untyped, {
      name: "SerializationException",
      message: "QueryString: NUMBER_VALUE can not be converted to a String",
    });
    await refused({ ResultConfiguration: { AclConfiguration: { S3AclOption: "BUCKET_OWNER_FULL_CONTROL" } } }, /AclConfiguration/);
    await assert.rejects(bench.look("none"), { name: "InvalidRequestException", message: /QueryExecution none was not found/ });
  });

  it("stop at once, whether they run or wait", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push(await bench.start(ENDLESS));
    const states = () => Promise.all(ids.map(async (id) => (await bench.look(id)).state));
    await eventually(async () => assert.deepEqual(await states(), ["RUNNING", "RUNNING", "QUEUED"]));
    const atWork = join(bench.running.stateDir, "athena", "work", ids[0]);
    await eventually(async () => assert.ok((await readdir(atWork)).includes("part-0")));
    const early = bench.athena.send(new GetQueryResultsCommand({ QueryExecutionId: ids[0] }));
    await assert.rejects(early, { name: "InvalidRequestException", message: "Query has not yet finished. Current state: RUNNING" });
    await bench.athena.send(new StopQueryExecutionCommand({ QueryExecutionId: ids[2] }));
    await bench.athena.send(new StopQueryExecutionCommand({ QueryExecutionId: ids[0] }));
    assert.deepEqual(await states(), ["CANCELLED", "RUNNING", "CANCELLED"]);
    assert.equal((await bench.look(ids[0])).reason, "Query was canceled by user");
    const other = await bench.run("SELECT 1 AS a");
    assert.equal(other.state, "SUCCEEDED");
    await bench.athena.send(new StopQueryExecutionCommand({ QueryExecutionId: ids[1] }));
    await bench.athena.send(new StopQueryExecutionCommand({ QueryExecutionId: other.id }));
    assert.equal((await bench.look(other.id)).state, "SUCCEEDED");
    const late = bench.athena.send(new GetQueryResultsCommand({ QueryExecutionId: ids[1] }));
    await assert.rejects(late, { message: "Query did not finish successfully. Final query state: CANCELLED" });
    assert.deepEqual(await readdir(join(bench.running.stateDir, "athena", "work")), []);
  });

  it("end CANCELLED before they scan more than the workgroup allows", async () => {
    await bench.workgroup("small", { bytesScannedCutoffPerQuery: 10_000_000 });
    await bench.table(lineTable("large", `s3://${UPSTREAM}/large/`));
    await bench.put(UPSTREAM, "large/a.gz", Buffer.alloc(10_000_000));
    const sql = `SELECT count(*) FROM ${DATABASE}.large`;
    assert.equal((await bench.run(sql, { WorkGroup: "small" })).state, "FAILED");
    await bench.put(UPSTREAM, "large/b.gz", "x");
    const ended = await bench.run(sql, { WorkGroup: "small" });
    assert.deepEqual([ended.state, ended.reason], ["CANCELLED", "Bytes scanned limit was exceeded"]);
    assert.equal(ended.execution.Statistics?.DataScannedInBytes, 10_000_001);
  });

  it("are listed by workgroup, the newest first", async () => {
    await bench.workgroup("listed");
    const ids = [];
    for (let i = 0; i < 3; i++) ids.unshift((await bench.run("SELECT 1 AS a", { WorkGroup: "listed" })).id);
    const list = (more: object) => bench.athena.send(new ListQueryExecutionsCommand({ WorkGroup: "listed", ...more }));
    assert.deepEqual((await list({})).QueryExecutionIds, ids);
    const { QueryExecutionIds, NextToken } = await list({ MaxResults: 2 });
    assert.deepEqual(QueryExecutionIds, ids.slice(0, 2));
    assert.deepEqual((await list({ NextToken })).QueryExecutionIds, ids.slice(2));
  });

  it("go where the workgroup says, or where they ask when it does not enforce its settings", async () => {
    await bench.workgroup("free", { enforceWorkgroupConfiguration: false });
    const ResultConfiguration = { OutputLocation: `s3://${CACHE}/elsewhere` };
    const enforced = await bench.run("SELECT 1 AS a", { ResultConfiguration });
    const free = await bench.run("SELECT 1 AS a", { ResultConfiguration, WorkGroup: "free" });
    assert.deepEqual(await bench.keys(CACHE, "elsewhere/"), [`elsewhere/${free.id}.csv`]);
    assert.deepEqual(await bench.keys(CACHE, `athena/${enforced.id}`), [`athena/${enforced.id}.csv`]);
  });

  it("are for those who may use their workgroup", async () => {
    const other = bench.client(AthenaClient, await bench.role("stranger", []));
    const { id } = await bench.run("SELECT 1 AS a");
    const denied = (action: string) => ({
      name: "AccessDeniedException",
      message: new RegExp(`athena:${action} on .*:workgroup/${WORKGROUP}`),
    });
    await assert.rejects(bench.start("SELECT 1 AS a", {}, other), denied("StartQueryExecution"));
    await assert.rejects(other.send(new GetQueryExecutionCommand({ QueryExecutionId: id })), denied("GetQueryExecution"));
    await assert.rejects(other.send(new GetQueryResultsCommand({ QueryExecutionId: id })), denied("GetQueryResults"));
    await assert.rejects(other.send(new StopQueryExecutionCommand({ QueryExecutionId: id })), denied("StopQueryExecution"));
    const { DataCatalog } = await bench.athena.send(new GetDataCatalogCommand({ Name: "AwsDataCatalog" }));
    assert.deepEqual(DataCatalog, { Name: "AwsDataCatalog", Type: "GLUE", Parameters: { "catalog-id": "123456789012" } });
  });
});
