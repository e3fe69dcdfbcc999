import * as assert from "node:assert/strict";
import { ServiceError } from "@c360/local-aws";
import { BUCKETS, DeployedPipeline, INPUT } from "../support/deployedPipeline";
import { historyFile, enoughRows, eventLine, NOON } from "@c360/local-aws/testing";

const DAY = "2026-01-31";

describe("a run of the pipeline", () => {
  let world: DeployedPipeline;
  afterEach(() => world.close());

  it("survives that every call of the state machine is throttled once", async () => {
    world = await DeployedPipeline.open();
    await world.drop(historyFile(enoughRows()));
    const throttled = (code: string) => new ServiceError(code, "Rate exceeded", 429);
    const faults = [
      { service: "states", operation: "ListExecutions", kind: throttled("ThrottlingException") },
      { service: "glue", operation: "GetPartition", kind: throttled("ThrottlingException") },
      { service: "glue", operation: "CreatePartition", kind: throttled("ThrottlingException") },
      {
        service: "lambda",
        operation: "POST /2015-03-31/functions/{FunctionName}/invocations",
        kind: throttled("TooManyRequestsException"),
      },
      { service: "athena", operation: "StartQueryExecution", kind: throttled("TooManyRequestsException") },
      { service: "athena", operation: "GetQueryResults", kind: throttled("TooManyRequestsException") },
    ].map((fault) => world.fail({ ...fault, to: 1 }));
    assert.equal((await world.run({ runDate: DAY })).status, "SUCCEEDED");
    assert.deepEqual(
      faults.map(({ injected }) => injected),
      faults.map(() => 1),
    );
  });

  it("publishes a partition whose answer was lost", async () => {
    world = await DeployedPipeline.open();
    await world.drop(historyFile(enoughRows()));
    const lost = world.fail({ service: "glue", operation: "CreatePartition", kind: "loseAnswer", to: 1 });
    const { status, output } = await world.run({ runDate: DAY });
    assert.deepEqual([status, lost.injected], ["SUCCEEDED", 1]);
    assert.equal((await world.partition(DAY))?.Parameters?.runId, output.runId);
  });

  it("leaves out what has streamed already, and the event type, where the settings say so", async () => {
    world = await DeployedPipeline.open({ streamedEvents: "exclude", interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"] });
    await world.drop(historyFile(enoughRows(1001)));
    await world.deliver("2026/01/31/13", [eventLine("u1", [{ item: "live", at: NOON }]), eventLine("u0", [{ item: "i0", at: NOON }])]);
    const { status, output } = await world.run({ runDate: DAY });
    assert.equal(status, "SUCCEEDED");
    assert.deepEqual([output.counts.table.rows, output.counts.csv.rows], [1002, 1000]);
    const [header, first] = (await world.object(BUCKETS.downstream, INPUT))?.text.split("\n") ?? [];
    assert.equal(header, "USER_ID,ITEM_ID,TIMESTAMP");
    assert.match(first, /^u\d+,i\d+,\d+$/);
  });

  it("takes ids with commas, quotes and emoji, long ones, and drops that end their lines with CR LF", async () => {
    world = await DeployedPipeline.open();
    const odd = ["a,b", 'say "hi"', "😀", "é".repeat(256), "back\\slash", "=1+1", " space "];
    const cell = (id: string) => (/[",]/.test(id) ? `"${id.replaceAll('"', '""')}"` : id);
    const rows = odd.map((id) => `${cell(id)},${cell(id)},${NOON},watch`);
    await world.drop(historyFile(enoughRows()));
    await world.drop(
      ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", ...rows, "bad\u0007id,i,1,watch", "x".repeat(257) + ",i,1,watch"].join("\r\n"),
      "odd.csv",
    );
    const { output } = await world.run({ runDate: DAY });
    assert.deepEqual(output.counts.leftOut, { badUserId: 2 });
    const text = (await world.object(BUCKETS.downstream, INPUT))?.text ?? "";
    for (const row of rows) assert.ok(text.includes(`\n${row}\n`), row);
    assert.ok(!text.includes("\r"));
  });
});
