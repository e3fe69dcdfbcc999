import { CreatePartitionCommand } from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readStatement, renderStatement, type SqlValues } from "../../components/pipeline/statements";
import { AthenaBench, CACHE, DATABASE, dayTable, hourTable, LAKE, lineTable, UPSTREAM } from "@c360/local-aws/testing";

const DAY = "2026-01-02";
const COLUMNS = [
  { name: "user_id", type: "string" },
  { name: "item_id", type: "string" },
  { name: "timestamp", type: "bigint" },
  { name: "event_type", type: "string" },
  { name: "streamed", type: "boolean" },
];
const database = { identifier: DATABASE };

const rows: SqlValues = {
  database,
  run_date: { text: DAY },
  last_hour: { text: "2026/01/02/23" },
  default_event_type: { text: "watch" },
  counted_types: { list: [] },
  ignored_types: { list: ["impression"] },
};
const lines: SqlValues = { database, run_date: { text: DAY }, with_event_type: { flag: true }, without_streamed: { flag: false } };
const statement = (name: string, values: SqlValues): string => renderStatement(readStatement(name), values);
const classified = { fragment: renderStatement(readStatement("classified_rows"), rows) };
const csv = { fragment: renderStatement(readStatement("csv_lines"), lines) };

const event = (user_id: string, itemId: string, sentAt: number): string =>
  JSON.stringify({ user_id, session_id: "s", event_list: [{ eventType: "click", sentAt, itemId }] });

describe("Athena with the pipeline's statements", function () {
  this.timeout(180_000);
  let bench: AthenaBench;
  before(async () => {
    bench = await AthenaBench.open({ queueMs: 0 });
  });
  after(() => bench.close());

  it("makes a snapshot, its figures and the lines of the CSV", async () => {
    await bench.table(lineTable("t100_dashboard_interaction_history", `s3://${UPSTREAM}/history/`));
    await bench.table(hourTable("t100_dashboard_interaction_event", `s3://${UPSTREAM}/latest/`, "2026/01/01/00,NOW"));
    await bench.table(dayTable("t200_dashboard_interaction", COLUMNS));
    await bench.put(UPSTREAM, "history/a.csv", 'USER_ID,ITEM_ID,TIMESTAMP\r\nu1,"i,1",1700000000\r\nu1,i2,0\r\n');
    const [early, late] = [Date.UTC(2026, 0, 2, 3) / 1000, Date.UTC(2026, 0, 3, 0) / 1000];
    await bench.put(
      UPSTREAM,
      "latest/2026/01/02/03/a.gz",
      gzipSync(`${event("u2", "i2", early)}\nnot json\n${event("u2", "i2", early)}\n`),
    );
    await bench.put(UPSTREAM, "latest/2026/01/03/00/a", `${event("u3", "i3", late)}\n`);

    const location = `s3://${LAKE}/t200/dt=${DAY}/run=1/`;
    const build = await bench.run(statement("build_interactions", { classified_rows: classified, destination: { text: location } }));
    assert.deepEqual([build.state, build.reason], ["SUCCEEDED", undefined]);
    const PartitionInput = { Values: [DAY], StorageDescriptor: { Location: location } };
    await bench.glue.send(new CreatePartitionCommand({ DatabaseName: DATABASE, TableName: "t200_dashboard_interaction", PartitionInput }));
    assert.deepEqual((await bench.rows(`SELECT * FROM ${DATABASE}.t200_dashboard_interaction ORDER BY user_id`)).slice(1), [
      ["u1", "i,1", "1700000000", "watch", "false", DAY],
      ["u2", "i2", String(early), "click", "true", DAY],
    ]);

    const [, ...figures] = await bench.rows(
      statement("count_interactions", { classified_rows: classified, csv_lines: csv, database, run_date: { text: DAY } }),
    );
    const expected = [
      ["csv.bytes", String(`u1,"i,1",1700000000,watch\nu2,i2,${early},click\n`.length)],
      ["csv.items", "2"],
      ["csv.repeatUsers", "0"],
      ["csv.rows", "2"],
      ["csv.users", "2"],
      ["leftOut.badJson", "1"],
      ["leftOut.badTimestamp", "1"],
      ["leftOut.duplicate", "1"],
      ["rowsIn", "5"],
      ["table.items", "2"],
      ["table.rows", "2"],
      ["table.users", "2"],
    ];
    assert.deepEqual(
      figures.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
      expected,
    );

    const parts = await bench.run(statement("write_parts", { csv_lines: csv, destination: { text: `s3://${CACHE}/parts/1/` } }));
    const written = await Promise.all((await bench.manifest(parts)).map((uri) => bench.get(uri)));
    assert.deepEqual(Buffer.concat(written).toString().split("\n").sort(), ["", `u1,"i,1",1700000000,watch`, `u2,i2,${early},click`]);
  });
});
