import { strict as assert } from "node:assert";
import type { Json } from "../src/service";
import { eventually } from "../testing/eventually";
import { DISCARD, handlerOf, LambdaBench, LOG, READ, STREAM_ARN } from "./support/lambda";

describe("the local event source mapping", () => {
  let bench: LambdaBench;
  beforeEach(async () => {
    bench = await LambdaBench.open();
  });
  afterEach(() => bench.close());
  const deploy = async (body: string, { shards = 1, statements = [READ, LOG, DISCARD] } = {}): Promise<void> => {
    await bench.surroundings(shards);
    await bench.role(statements);
    await bench.deploy(handlerOf(body), { timeout: 5 });
  };
  const untilSeen = (expected: string[][]) => eventually(async () => assert.deepEqual(await bench.seen(), expected));

  it("brings events of the service's shape", async () => {
    await bench.surroundings();
    await bench.role([READ, LOG]);
    await bench.deploy(`exports.handler = async (event) => { process.stdout.write(JSON.stringify([event]) + "\\n"); };`);
    const before = bench.running.cloud.clock.now();
    const [sequenceNumber] = await bench.put("ann:1");
    await bench.map();
    const event = await eventually(async () => {
      const [[found]] = (await bench.seen()) as unknown as [[{ Records: { kinesis: Json }[] }]];
      return found;
    });
    const { approximateArrivalTimestamp: arrival, ...rest } = event.Records[0].kinesis;
    assert.ok(Number(arrival) * 1000 >= before && Number(arrival) * 1000 <= bench.running.cloud.clock.now());
    assert.deepEqual(rest, {
      kinesisSchemaVersion: "1.0",
      partitionKey: "ann",
      sequenceNumber,
      data: Buffer.from("ann:1").toString("base64"),
    });
    assert.deepEqual(
      { Records: [{ ...event.Records[0], kinesis: undefined }] },
      {
        Records: [
          {
            kinesis: undefined,
            eventSource: "aws:kinesis",
            eventVersion: "1.0",
            eventID: `shardId-000000000000:${sequenceNumber}`,
            eventName: "aws:kinesis:record",
            invokeIdentityArn: "arn:aws:iam::123456789012:role/shop",
            awsRegion: "ap-southeast-1",
            eventSourceARN: STREAM_ARN,
          },
        ],
      },
    );
  });

  it("keeps each shard's order in batches of at most batchSize, and tells when nothing is pending", async () => {
    await deploy("", { shards: 2 });
    const texts = Array.from({ length: 60 }, (_, i) => `key${i % 7}:${i}`);
    await bench.put(...texts);
    await bench.map({ batchSize: 8 });
    assert.ok(bench.running.pending() > 0);
    await bench.untilDone();
    await eventually(async () => assert.equal((await bench.seen()).flat().length, 60));
    const batches = await bench.seen();
    assert.ok(batches.every((batch) => batch.length <= 8));
    for (let key = 0; key < 7; key++) {
      const mine = (text: string): boolean => text.startsWith(`key${key}:`);
      assert.deepEqual(batches.flat().filter(mine), texts.filter(mine));
    }
    await bench.put("late:1");
    await eventually(async () => assert.deepEqual((await bench.seen()).at(-1), ["late:1"]));
  });

  it("keeps a key's order in parallel batches of a shard", async () => {
    await deploy("await new Promise((resolve) => setTimeout(resolve, 20));");
    const texts = Array.from({ length: 40 }, (_, i) => `key${i % 5}:${i}`);
    await bench.put(...texts);
    await bench.map({ batchSize: 2, parallelizationFactor: 4 });
    await bench.untilDone();
    await eventually(async () => assert.equal((await bench.seen()).flat().length, 40));
    const seen = (await bench.seen()).flat();
    for (let key = 0; key < 5; key++) {
      const mine = (text: string): boolean => text.startsWith(`key${key}:`);
      assert.deepEqual(seen.filter(mine), texts.filter(mine));
    }
  });

  it("redelivers from the lowest reported record on", async () => {
    await deploy(`globalThis.tries = (globalThis.tries ?? 0) + 1;
      const failed = globalThis.tries === 1 ? event.Records.slice(2).map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })) : [];
      return { batchItemFailures: failed.reverse() };`);
    await bench.put("a:1", "a:2", "a:3", "a:4");
    await bench.map({ functionResponseTypes: ["ReportBatchItemFailures"] });
    await untilSeen([
      ["a:1", "a:2", "a:3", "a:4"],
      ["a:3", "a:4"],
    ]);
    await bench.untilDone();
  });

  it("isolates a bad record by halving, gives it up after its attempts and goes on", async () => {
    await deploy(`if (texts.includes("a:bad")) throw new Error("bad record");`);
    const numbers = await bench.put("a:1", "a:2", "a:bad", "a:4");
    const destinationConfig = { onFailure: { destinationArn: "arn:aws:s3:::shop-upstream" } };
    const uuid = await bench.map({ bisectBatchOnFunctionError: true, maximumRetryAttempts: 1, destinationConfig });
    const whole = ["a:1", "a:2", "a:bad", "a:4"];
    await untilSeen([whole, ["a:1", "a:2"], ["a:bad", "a:4"], ["a:bad"], ["a:bad"], ["a:4"]]);
    await bench.untilDone();
    const [{ key, record }, ...others] = await bench.discarded();
    assert.deepEqual(others, []);
    const day = new Date(bench.running.cloud.clock.now()).toISOString().slice(0, 10);
    assert.match(
      key,
      new RegExp(`^aws/lambda/${uuid}/shardId-000000000000/${day.replaceAll("-", "/")}/${day}T\\d\\d\\.\\d\\d\\.\\d\\d-[0-9a-f-]{36}$`),
    );
    const {
      requestContext,
      responseContext,
      version,
      KinesisBatchInfo: info,
      payload,
    } = record as Record<string, Json> & { payload: string };
    assert.deepEqual(
      { ...requestContext, requestId: "" },
      {
        requestId: "",
        functionArn: "arn:aws:lambda:ap-southeast-1:123456789012:function:shop",
        condition: "RetryAttemptsExhausted",
        approximateInvokeCount: 4,
      },
    );
    assert.deepEqual([responseContext, version], [{ statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" }, "1.0"]);
    const { startSequenceNumber, endSequenceNumber, batchSize, streamArn, shardId } = info;
    assert.deepEqual(
      [startSequenceNumber, endSequenceNumber, batchSize, streamArn, shardId],
      [numbers[2], numbers[2], 1, STREAM_ARN, "shardId-000000000000"],
    );
    const { Records } = JSON.parse(payload) as { Records: { kinesis: { data: string } }[] };
    assert.deepEqual(
      Records.map(({ kinesis }) => Buffer.from(kinesis.data, "base64").toString()),
      ["a:bad"],
    );
  });

  it("gives up what is too old without invoking, and keeps trying until the destination takes it", async () => {
    await deploy("", { statements: [READ, LOG] });
    await bench.put("a:old");
    bench.jump(61_000);
    await bench.put("a:new");
    const destinationConfig = { onFailure: { destinationArn: "arn:aws:s3:::shop-upstream" } };
    await bench.map({ maximumRecordAgeInSeconds: 60, destinationConfig });
    await eventually(async () => assert.ok((await bench.running.denied()).includes("s3:PutObject")));
    assert.ok(bench.running.pending() > 0);
    await bench.allow("destination", [DISCARD]);
    await untilSeen([["a:new"]]);
    await bench.untilDone();
    const records = (await bench.discarded()).map(({ record }) => record as Record<string, Json>);
    assert.deepEqual(
      records.map(({ requestContext, KinesisBatchInfo, responseContext }) => [
        requestContext.condition,
        KinesisBatchInfo.batchSize,
        responseContext,
      ]),
      [["RecordAgeExceeded", 1, undefined]],
    );
  });

  it("waits for a permission that is missing, and goes on with it", async () => {
    await deploy("", { statements: [LOG] });
    await bench.put("a:1");
    await bench.map();
    await eventually(async () => assert.ok((await bench.running.denied()).includes("kinesis:DescribeStream")));
    assert.ok(bench.running.pending() > 0);
    await bench.allow("reading", [READ]);
    await untilSeen([["a:1"]]);
    await bench.untilDone();
  });
});
