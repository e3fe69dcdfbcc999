import * as assert from "node:assert/strict";
import { ListQueryExecutionsCommand, AthenaClient, StopQueryExecutionCommand } from "@aws-sdk/client-athena";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { gzipSync } from "node:zlib";
import { ServiceError } from "@c360/local-aws";
import { BUCKETS, DeployedPipeline, INPUT, type PipelineOptions } from "../support/deployedPipeline";
import { historyFile, enoughRows, eventLine, eventually, NOON } from "@c360/local-aws/testing";

const DAY = "2026-01-31";
const HISTORY = `s3://${BUCKETS.upstream}/crm/dashboard_interaction/history/`;

describe("a run of the pipeline that cannot go on", () => {
  let world: DeployedPipeline;
  const open = async (options: PipelineOptions = {}) => (world = await DeployedPipeline.open(options));
  afterEach(() => world.close());

  /** A CSV that is there already; returns a check that it still is. */
  async function withCsv(): Promise<() => Promise<void>> {
    await world.drop(historyFile(enoughRows()));
    assert.equal((await world.run({ runDate: DAY, runKey: "good" })).status, "SUCCEEDED");
    const before = await world.object(BUCKETS.downstream, INPUT);
    assert.notEqual(before, undefined);
    return async () => assert.deepEqual(await world.object(BUCKETS.downstream, INPUT), before);
  }

  const drops: [what: string, body: string | Buffer, got: string][] = [
    ["without its header", "u1,i1,1769860800,watch\n", '"u1,i1,1769860800,watch"'],
    ["with columns in another order", "ITEM_ID,USER_ID,TIMESTAMP\ni1,u1,1769860800\n", '"ITEM_ID,USER_ID,TIMESTAMP"'],
    ["that is empty", "", "got an empty object"],
  ];
  for (const [what, body, got] of drops) {
    it(`names a drop ${what}, and leaves table and CSV as they are`, async () => {
      await open();
      const unchanged = await withCsv();
      await world.drop(body, "bad.csv");
      const { status, error, cause = "", states } = await world.run({ runDate: DAY, runKey: "bad" });
      assert.deepEqual([status, error], ["FAILED", "HistoryHeader"]);
      assert.ok(cause.includes(`${HISTORY}bad.csv`) && cause.includes("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"), cause);
      assert.ok(cause.includes(got), cause);
      assert.ok(!states.includes("BuildInteractions"));
      await unchanged();
    });
  }

  it("says which table is missing", async () => {
    await open({ absent: "c-history" });
    const { error, cause = "" } = await world.run({ runDate: DAY });
    assert.equal(error, "BuildFailed");
    assert.match(cause, /^TABLE_NOT_FOUND: .*t100_dashboard_interaction_history/);
  });

  it("says that the interactions table is missing", async () => {
    await open({ absent: "c-interactions" });
    const { error, cause = "" } = await world.run({ runDate: DAY });
    assert.equal(error, "CatalogFailed");
    assert.match(cause, /t200_dashboard_interaction/);
  });

  const few: [what: string, rows: number, users: number, figures: string][] = [
    ["nothing at all", 0, 1, "0 rows and 0 such users"],
    ["a row less than 1000", 999, 25, "999 rows and 25 such users"],
    ["a user less than 25", 1000, 24, "1000 rows and 24 such users"],
  ];
  for (const [what, rows, users, figures] of few) {
    it(`says that there is ${what}`, async () => {
      await open();
      if (rows > 0) await world.drop(historyFile(enoughRows(rows, users)));
      const { error, cause = "" } = await world.run({ runDate: DAY });
      assert.equal(error, "TooFewInteractions");
      const expected = `Personalize needs 1000 rows and 25 users with 2 or more, run date ${DAY} has ${figures}; ${rows} rows came in, left out: {} - `;
      assert.ok(cause.startsWith(expected), cause);
      assert.equal(await world.object(BUCKETS.downstream, INPUT), undefined);
      assert.notEqual((await world.partition(DAY))?.Parameters?.runId, undefined);
    });
  }

  it("counts users of one interaction as too few", async () => {
    await open();
    await world.drop(historyFile(enoughRows(1000, 1000)));
    assert.match((await world.run({ runDate: DAY })).cause ?? "", /has 1000 rows and 0 such users/);
  });

  it("leaves the CSV when the table has more rows than came in", async () => {
    await open();
    const unchanged = await withCsv();
    const keys = await world.keys(BUCKETS.lake, `crm_derived_restricted/t200_dashboard_interaction/dt=${DAY}/`);
    for (const key of keys) {
      const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKETS.lake, Key: key }));
      await world.s3.send(new PutObjectCommand({ Bucket: BUCKETS.lake, Key: `${key}-again`, Body: await Body?.transformToByteArray() }));
    }
    const { error, cause = "", states } = await world.run({ runDate: DAY, runKey: "good" });
    assert.equal(error, "WrongTable");
    const rows = enoughRows().length;
    assert.ok(cause.startsWith(`the table of run date ${DAY} has ${2 * rows} rows, only ${rows} belong in it - `), cause);
    assert.ok(!states.includes("WriteParts"));
    await unchanged();
    assert.equal((await world.run({ runDate: DAY, runKey: "good", rebuild: true })).status, "SUCCEEDED");
  });

  it("names a drop of gz that is cut off, and leaves the CSV", async () => {
    await open();
    const unchanged = await withCsv();
    await world.drop(gzipSync(historyFile(enoughRows(5000))).subarray(0, 900), "cut.csv.gz");
    const { error, cause = "" } = await world.run({ runDate: DAY, runKey: "cut" });
    assert.equal(error, "BuildFailed");
    assert.ok(cause.includes(`${HISTORY}cut.csv.gz`), cause);
    await unchanged();
  });

  it("tells why a query was cancelled", async () => {
    await open();
    const unchanged = await withCsv();
    const athena = new AthenaClient(world.running.client);
    const WorkGroup = "acme-c360-recommender-athena-dev";
    const before = (await athena.send(new ListQueryExecutionsCommand({ WorkGroup }))).QueryExecutionIds ?? [];
    const reading = world.fail({
      service: "s3",
      operation: "GET /{Bucket}/{Key+}",
      kind: "silence",
      when: ({ Key }) => String(Key).includes("drop.csv"),
      from: 2,
    });
    const execution = await world.start({ runDate: DAY, runKey: "stopped" });
    const QueryExecutionId = await eventually(async () => {
      const { QueryExecutionIds = [] } = await athena.send(new ListQueryExecutionsCommand({ WorkGroup }));
      const id = QueryExecutionIds.find((one) => !before.includes(one));
      if (id === undefined || reading.injected === 0) throw new Error("no query reads yet");
      return id;
    });
    let asked = false;
    const notice = () => !(asked = true);
    world.fail({ service: "athena", operation: "StopQueryExecution", kind: "silence", when: notice });
    const stopped = athena.send(new StopQueryExecutionCommand({ QueryExecutionId }));
    await eventually(() => assert.ok(asked));
    reading.remove();
    await stopped;
    const { error, cause = "" } = await world.end(execution);
    assert.equal(error, "BuildFailed");
    assert.match(cause, /^Query was canceled by user - /);
    await unchanged();
    athena.destroy();
  });

  it("names a part that vanished, and leaves the CSV", async () => {
    await open();
    const unchanged = await withCsv();
    await world.deliver("2026/01/31/13", [eventLine("u1", [{ item: "new", at: NOON }])]);
    world.fail({
      service: "s3",
      operation: "GET /{Bucket}/{Key+}",
      kind: new ServiceError("NoSuchKey", "gone", 404),
      when: ({ Key }) => String(Key).startsWith("recommender/parts/"),
    });
    const { error, cause = "" } = await world.run({ runDate: DAY, runKey: "gone" });
    assert.equal(error, "PartChanged");
    assert.ok(cause.includes("s3://cache/recommender/parts/"), cause);
    await unchanged();
  });

  it("gives its turn up after the longest wait", async () => {
    await open({ maxWaitHours: 1 });
    await world.drop(historyFile(enoughRows()));
    const reading = world.fail({
      service: "s3",
      operation: "GET /{Bucket}/{Key+}",
      kind: "silence",
      when: ({ Key }) => String(Key).includes("drop.csv"),
    });
    const first = await world.start({ runDate: DAY, runKey: "hangs" });
    await eventually(() => assert.notEqual(reading.injected, 0));
    const second = await world.start({ runDate: DAY, runKey: "waits" });
    world.clock.jump(3_700_000);
    const { status, error, cause = "", states } = await world.end(second);
    assert.deepEqual([status, error], ["FAILED", "LockTimeout"]);
    assert.match(cause, /^other executions were still running - This execution waited for 1 hours \(pipeline\.maxWaitHours\)/);
    assert.ok(!states.includes("FindPartition"));
    reading.remove();
    await world.end(first);
  });
});
