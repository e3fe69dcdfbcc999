import { AthenaClient, GetQueryResultsCommand } from "@aws-sdk/client-athena";
import { CreatePartitionCommand } from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { ServiceError, type Statement } from "../../src/service";
import { AthenaBench, CACHE, DATABASE, dayTable, hourTable, LAKE, lineTable, RESULTS, UPSTREAM, WORKGROUP } from "../../testing/athena";

const REGIONAL = "ap-southeast-1:123456789012";
const GLUE = `arn:aws:glue:${REGIONAL}`;
const GROUP = `arn:aws:athena:${REGIONAL}:workgroup/${WORKGROUP}`;

/** Everything that a role needs to unload the day table, and nothing else: action, resource, and the prefix of listings. */
const PERMISSIONS: [action: string, resource: string, prefix?: string][] = [
  ["athena:StartQueryExecution", GROUP],
  ["athena:GetQueryResults", GROUP],
  ["athena:GetDataCatalog", `arn:aws:athena:${REGIONAL}:datacatalog/AwsDataCatalog`],
  ...["catalog", `database/${DATABASE}`].map((resource): [string, string] => ["glue:GetDatabase", `${GLUE}:${resource}`]),
  ...["GetTable", "GetPartitions"].flatMap((action) =>
    ["catalog", `database/${DATABASE}`, `table/${DATABASE}/t200`].map((resource): [string, string] => [
      `glue:${action}`,
      `${GLUE}:${resource}`,
    ]),
  ),
  ...[LAKE, CACHE].map((bucket): [string, string] => ["s3:GetBucketLocation", `arn:aws:s3:::${bucket}`]),
  ["s3:ListBucket", `arn:aws:s3:::${LAKE}`, "t200/*"],
  ["s3:ListBucket", `arn:aws:s3:::${CACHE}`, "parts/*"],
  ["s3:GetObject", `arn:aws:s3:::${LAKE}/t200/*`],
  ["s3:PutObject", `arn:aws:s3:::${CACHE}/parts/*`],
  ["s3:PutObject", `arn:aws:s3:::${CACHE}/athena/*`],
];

const statementsOf = (permissions: typeof PERMISSIONS): Statement[] =>
  permissions.map(([Action, Resource, prefix]) => ({
    Effect: "Allow",
    Action,
    Resource,
    ...(prefix === undefined ? {} : { Condition: { StringLike: { "s3:prefix": prefix } } }),
  }));

describe("Athena's failures", () => {
  let bench: AthenaBench;
  const failed = async (sql: string, client?: AthenaClient): Promise<string> => {
    const { state, reason, execution } = await bench.run(sql, {}, client);
    assert.equal(state, "FAILED", sql);
    assert.equal(execution.Status?.AthenaError?.ErrorMessage, reason);
    return reason ?? "";
  };
  const unload = (folder: string, sql = `SELECT line FROM ${DATABASE}.history`): string =>
    `UNLOAD (${sql}) TO 's3://${CACHE}/${folder}' WITH (format = 'TEXTFILE', compression = 'NONE')`;
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0 });
    await bench.table(lineTable("history", `s3://${UPSTREAM}/history/`));
    await bench.put(UPSTREAM, "history/a", "one\ntwo\n");
    await bench.table(dayTable("t200", [{ name: "user_id", type: "string" }]));
    const location = `s3://${LAKE}/t200/dt=2026-01-02/`;
    await bench.run(`UNLOAD (SELECT 'u1' AS user_id) TO '${location}' WITH (format = 'PARQUET', compression = 'SNAPPY')`);
    const PartitionInput = { Values: ["2026-01-02"], StorageDescriptor: { Location: location } };
    await bench.glue.send(new CreatePartitionCommand({ DatabaseName: DATABASE, TableName: "t200", PartitionInput }));
  });
  after(() => bench.close());

  it("name a table, a database or a column that is not there", async () => {
    const table = "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.shop_derived.none' does not exist";
    assert.equal(await failed(`SELECT * FROM ${DATABASE}.none`), table);
    assert.equal(await failed("SELECT * FROM nowhere.none"), "SCHEMA_NOT_FOUND: line 1:1: Schema 'nowhere' does not exist");
    assert.match(await failed(`SELECT missing FROM ${DATABASE}.history`), /^SYNTAX_ERROR: .*missing/);
    assert.match(await failed("SELEC 1"), /^SYNTAX_ERROR: /);
    assert.match(await failed("SELECT CAST(line AS bigint) AS n FROM shop_derived.history"), /^INVALID_CAST_ARGUMENT: .*one/);
  });

  it("name an object that cannot be read", async () => {
    const whole = gzipSync(randomBytes(100_000));
    await bench.table(lineTable("cut", `s3://${UPSTREAM}/cut/`));
    await bench.put(UPSTREAM, "cut/a.gz", whole);
    await bench.put(UPSTREAM, "cut/b.gz", whole.subarray(0, 50_000));
    const sql = `SELECT count(*) AS n FROM ${DATABASE}.cut`;
    assert.equal(await failed(sql), `HIVE_CURSOR_ERROR: Failed to read file: s3://${UPSTREAM}/cut/b.gz: unexpected end of file`);
    await bench.put(UPSTREAM, "cut/b.gz", "no gzip");
    assert.equal(await failed(sql), `HIVE_CURSOR_ERROR: Failed to read file: s3://${UPSTREAM}/cut/b.gz: incorrect header check`);
    const gone = new ServiceError("NoSuchKey", "The specified key does not exist: cut/a.gz", 404);
    const fault = bench.running.faults.inject({ service: "s3", operation: "GET /{Bucket}/{Key+}", kind: gone });
    assert.match(await failed(sql), /^HIVE_CURSOR_ERROR: Failed to read file: .*cut\/a\.gz: The specified key does not exist/);
    fault.remove();
  });

  it("name a parquet file that does not fit its table", async () => {
    await bench.table(dayTable("wrong", [{ name: "user_id", type: "bigint" }]));
    await bench.table(dayTable("broken", [{ name: "user_id", type: "string" }]));
    await bench.put(LAKE, "broken/a", "PAR1 no parquet PAR1");
    for (const [TableName, Location] of [
      ["wrong", `s3://${LAKE}/t200/dt=2026-01-02/`],
      ["broken", `s3://${LAKE}/broken/`],
    ]) {
      const PartitionInput = { Values: ["1"], StorageDescriptor: { Location } };
      await bench.glue.send(new CreatePartitionCommand({ DatabaseName: DATABASE, TableName, PartitionInput }));
    }
    const incompatible = /^HIVE_BAD_DATA: Field user_id's type VARCHAR in parquet file s3:\/\/.* is incompatible with type BIGINT/;
    assert.match(await failed(`SELECT user_id FROM ${DATABASE}.wrong`), incompatible);
    assert.match(await failed(`SELECT user_id FROM ${DATABASE}.broken`), /^HIVE_CURSOR_ERROR: Failed to read file: s3:\/\/.*\/broken\/a: /);
  });

  it("name what is not known of a table", async () => {
    const columns = [{ name: "a", type: "string" }];
    const unknown = ["org.openx.data.jsonserde.JsonSerDe", "org.apache.hadoop.hive.serde2.OpenCSVSerde"];
    for (const [i, serializationLibrary] of unknown.entries()) {
      const storageDescriptor = { columns, serDeInfo: { serializationLibrary }, location: "s3://a-bucket/" };
      await bench.table({ ...lineTable(`unknown${i}`, "s3://a-bucket/"), storageDescriptor });
      assert.equal(
        await failed(`SELECT a FROM ${DATABASE}.unknown${i}`),
        `NOT_SUPPORTED: Table unknown${i}: the local athena does not know the SerDe ${serializationLibrary}`,
      );
    }
    const daily = hourTable("daily", `s3://${UPSTREAM}/latest/`, "2026/01/01/00,NOW");
    await bench.table({ ...daily, parameters: { ...(daily.parameters as object), "projection.datehour.interval.unit": "DAYS" } });
    assert.equal(
      await failed(`SELECT line FROM ${DATABASE}.daily`),
      "INVALID_TABLE_PROPERTY: Table daily: projection.datehour.interval.unit must be HOURS in the local athena, got DAYS",
    );
    await bench.table(hourTable("endless", `s3://${UPSTREAM}/latest/`, "2026/01/01,NOW"));
    assert.match(
      await failed(`SELECT line FROM ${DATABASE}.endless`),
      /projection\.datehour\.range must be two of .*, got 2026\/01\/01,NOW/,
    );
  });

  it("keep an UNLOAD off a folder that holds something", async () => {
    await bench.put(CACHE, "taken/a/b", "x");
    assert.equal(
      await failed(unload("taken/")),
      `HIVE_PATH_ALREADY_EXISTS: Target directory for UNLOAD already exists: s3://${CACHE}/taken/`,
    );
    assert.match(await failed(unload("taken")), /^INVALID_ARGUMENT: .* got s3:\/\/shop-cache\/taken$/);
    assert.match(await failed(unload("none/").replace(CACHE, "no-such-bucket")), /^NoSuchBucket: .*no-such-bucket/);
    assert.deepEqual(await bench.keys(CACHE, "taken/"), ["taken/a/b"]);
  });

  it("name the one permission that a role lacks", async () => {
    const sql = (folder: string) => unload(`parts/${folder}/`, `SELECT user_id FROM ${DATABASE}.t200 WHERE dt = '2026-01-02'`);
    const whole = bench.client(AthenaClient, await bench.role("whole", statementsOf(PERMISSIONS)));
    const { id, state, reason } = await bench.run(sql("whole"), {}, whole);
    assert.deepEqual([state, reason], ["SUCCEEDED", undefined]);
    await whole.send(new GetQueryResultsCommand({ QueryExecutionId: id }));
    const needed = PERMISSIONS.map((permission, i) => ({ permission, i })).filter(
      ({ permission: [action] }) => !/Start|Results/.test(action),
    );
    for (const { permission, i } of needed) {
      const rest = PERMISSIONS.filter((other) => other !== permission);
      const lacking = bench.client(AthenaClient, await bench.role(`lacking${i}`, statementsOf(rest)));
      const [action, resource] = permission;
      const told = await failed(sql(`lacking${i}`), lacking);
      const refused = new RegExp(
        `^Access denied: .*:role/lacking${i} is not authorized to perform ${action} on ${resource.replace("*", ".*")}:`,
      );
      assert.match(told, refused);
    }
  });

  it("leave results to those who may read them", async () => {
    const { id } = await bench.run(`SELECT line FROM ${DATABASE}.history ORDER BY line`);
    const read = bench.client(AthenaClient, await bench.role("reader", statementsOf([["athena:GetQueryResults", GROUP]])));
    const results = read.send(new GetQueryResultsCommand({ QueryExecutionId: id }));
    await assert.rejects(results, { message: new RegExp(`s3:GetObject on ${RESULTS.replace("s3://", "arn:aws:s3:::")}${id}.csv`) });
  });
});
