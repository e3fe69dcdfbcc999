import * as assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { Json } from "../src/service";
import { aggregate } from "./support/aggregate";
import { FirehoseBench, LOG, READ, WRITE } from "./support/firehose";
import { eventually } from "../testing/eventually";

const NAME = /^2026\/01\/31\/12\/delivery-1-2026-01-31-12-00-\d\d-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("the local Firehose", () => {
  let bench: FirehoseBench;
  beforeEach(async () => {
    bench = await FirehoseBench.open();
    await bench.makeSource();
  });
  afterEach(() => bench.close());
  const start = async (changes: Json = {}): Promise<void> => {
    await bench.makeRole([READ, WRITE, LOG]);
    await bench.deliver(changes);
    bench.running.startWorkers();
  };

  it("writes records once the interval since the first one has passed, and not before", async () => {
    await start();
    const before = bench.clock.now();
    await bench.put("a", "b", "c");
    await bench.untilRead(3);
    const after = bench.clock.now();
    bench.clock.advance(before + 59_999 - after);
    assert.deepEqual([bench.clock.sleeping, bench.running.pending() >= 3], [1, true]);
    bench.clock.advance(after - before + 1);
    await bench.untilDone();
    const [key, ...others] = await bench.keys();
    assert.deepEqual(others, []);
    assert.match(key, NAME);
    assert.equal((await bench.bytes(key)).toString(), "a\nb\nc\n");
  });

  it("writes when the buffer's size is reached, counted before compression, and keeps the rest", async () => {
    await start({ bufferingInterval: 900, bufferingSize: 1, compressionFormat: "GZIP" });
    const large = "x".repeat(600 * 1024);
    await bench.put(large);
    await bench.untilRead(1);
    await bench.put(large);
    await bench.untilObjects(1);
    await bench.put("rest");
    await bench.untilRead(1);
    const [key, ...others] = await bench.keys();
    assert.deepEqual(others, []);
    assert.match(key, /^2026\/01\/31\/12\/delivery-1-2026-01-31-12-00-\d\d-[0-9a-f-]{36}\.gz$/);
    assert.equal(gunzipSync(await bench.bytes(key)).toString(), `${large}\n${large}\n`);
  });

  it("starts with the records that are put after its creation, even before it runs", async () => {
    await bench.put("early");
    await bench.makeRole([READ, WRITE]);
    bench.clock.advance(1);
    await bench.deliver({ bufferingInterval: 0 });
    await bench.put("late");
    assert.equal(bench.running.pending(), 1);
    bench.running.startWorkers();
    await bench.untilDone();
    assert.deepEqual(await bench.lines(), ["late"]);
  });

  it("joins records as they are without a processor", async () => {
    await start({ bufferingInterval: 0, processingConfiguration: { enabled: false } });
    await bench.put("a", "b");
    await bench.untilObjects(1);
    assert.equal((await bench.bytes((await bench.keys())[0])).toString(), "ab");
  });

  it("takes records of the Kinesis Producer Library apart, and leaves broken ones as they are", async () => {
    await start({ bufferingInterval: 0 });
    const aggregated = aggregate("b", "c");
    const broken = aggregated.subarray(0, -1);
    await bench.put("a", aggregated, broken, "d");
    await bench.untilDone();
    const written = Buffer.concat(await Promise.all((await bench.keys()).map((key) => bench.bytes(key))));
    const lines = written.toString("latin1").split(`${broken.toString("latin1")}\n`);
    assert.deepEqual(lines.join("").split("\n").sort(), ["", "a", "b", "c", "d"]);
    assert.equal(lines.length, 2);
  });

  it("puts objects below the prefix of the oldest record's arrival", async () => {
    const prefix = "latest/!{timestamp:yyyy}/!{timestamp:'day='MM-dd}/";
    await start({ bufferingInterval: 60, prefix, errorOutputPrefix: "errors/!{firehose:error-output-type}/" });
    bench.clock.advance(Date.UTC(2026, 0, 31, 23, 59, 58) - bench.clock.now());
    await bench.put("old");
    await bench.untilRead(1);
    bench.clock.advance(10_000);
    await bench.put("new");
    await bench.untilRead(2);
    bench.clock.advance(60_000);
    await bench.untilDone();
    assert.match((await bench.keys())[0], /^latest\/2026\/day=01-31\/delivery-1-2026-01-31-23-59-58-/);
    assert.deepEqual(await bench.lines(), ["new", "old"]);
  });

  const cloudwatchLoggingOptions = { enabled: true, logGroupName: "/firehose", logStreamName: "errors" };

  it("retries with growing pauses, logs each failure, and loses nothing", async () => {
    await bench.makeRole([READ, LOG]);
    await bench.deliver({ bufferingInterval: 0, cloudwatchLoggingOptions });
    bench.running.startWorkers();
    await bench.put("a");
    await bench.until(async () => assert.equal((await bench.errors()).length, 1));
    const asleep = () => eventually(() => assert.equal(bench.clock.sleeping, 1));
    const failures = (count: number) => eventually(async () => assert.equal((await bench.errors()).length, count));
    await asleep();
    bench.clock.advance(1000);
    await failures(2);
    for (const [pause, count] of [
      [2000, 3],
      [4000, 4],
    ]) {
      await asleep();
      bench.clock.advance(pause - 1);
      assert.equal(bench.clock.sleeping, 1);
      bench.clock.advance(1);
      await failures(count);
    }
    assert.ok(bench.running.pending() >= 1);
    await bench.allow("write", [WRITE]);
    await bench.untilDone();
    assert.deepEqual(await bench.lines(), ["a"]);
    const errors = await bench.errors();
    assert.deepEqual(new Set(errors.map(({ errorCode }) => errorCode)), new Set(["S3.AccessDenied"]));
    assert.equal(errors[0].deliveryStreamARN, "arn:aws:firehose:ap-southeast-1:123456789012:deliverystream/delivery");
  });

  it("delivers although it may not write to its log stream", async () => {
    await bench.makeRole([READ]);
    await bench.deliver({ bufferingInterval: 0, cloudwatchLoggingOptions });
    bench.running.startWorkers();
    await bench.put("a");
    await bench.until(async () => assert.ok((await bench.running.denied()).includes("logs:PutLogEvents")));
    await bench.allow("write", [WRITE]);
    await bench.untilDone();
    assert.deepEqual([await bench.lines(), await bench.errors()], [["a"], []]);
  });

  it("needs a role that trusts it with the account as external id and may read the stream", async () => {
    await bench.makeRole([WRITE], "999999999999");
    await assert.rejects(bench.deliver(), /firehose\.amazonaws\.com may not assume .*role\/delivery/);
  });

  it("refuses creation while the role may not read the stream", async () => {
    await bench.makeRole([WRITE]);
    await assert.rejects(bench.deliver(), { name: "AccessDeniedException", message: /kinesis:DescribeStream/ });
  });

  it("has no operations, and so accepts no records directly", async () => {
    const { cloud, owner } = bench.running;
    for (const operation of ["PutRecord", "PutRecordBatch", "DescribeDeliveryStream"]) {
      await assert.rejects(cloud.call(owner, "firehose", operation, { DeliveryStreamName: "delivery" }), {
        name: "UnknownOperationException",
        message: `the local firehose has no operation ${operation}`,
      });
    }
  });
});
