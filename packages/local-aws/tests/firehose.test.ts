import * as assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { rm } from "node:fs/promises";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json } from "../src/service";
import { FirehoseBench, LOG, READ, WRITE } from "./support/firehose";
import { eventually } from "../testing/eventually";

const HOUR = "2026/01/31/12/";
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

  it("writes what waited for the interval since the first record, and not before", async () => {
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

  it("starts at what is put after its creation, even before it runs", async () => {
    await bench.put("early");
    await bench.makeRole([READ, WRITE]);
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

  it("tries again with growing pauses, tells its log stream, and loses nothing", async () => {
    await bench.makeRole([READ, LOG]);
    await bench.make("aws:cloudwatch/logGroup:LogGroup", { name: "/firehose" });
    await bench.make("aws:cloudwatch/logStream:LogStream", { name: "errors", logGroupName: "/firehose" });
    const cloudwatchLoggingOptions = { enabled: true, logGroupName: "/firehose", logStreamName: "errors" };
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

    const { cloud, owner } = bench.running;
    const { output } = await cloud.call(owner, "logs", "GetLogEvents", { logGroupName: "/firehose", logStreamName: "errors" });
    const messages = (output?.events as { message: string }[]).map(({ message }) => JSON.parse(message) as Json);
    assert.equal(messages.length, (await bench.errors()).length);
    assert.deepEqual(new Set(messages.map(({ errorCode }) => errorCode)), new Set(["S3.AccessDenied"]));
    assert.equal(messages[0].deliveryStreamARN, "arn:aws:firehose:ap-southeast-1:123456789012:deliverystream/delivery");
  });

  it("notes that its log stream could not be told", async () => {
    await bench.makeRole([READ]);
    const cloudwatchLoggingOptions = { enabled: true, logGroupName: "/firehose", logStreamName: "errors" };
    await bench.deliver({ bufferingInterval: 0, cloudwatchLoggingOptions });
    bench.running.startWorkers();
    await bench.put("a");
    const codes = async () => (await bench.errors()).map(({ errorCode }) => errorCode).slice(0, 2);
    await bench.until(async () => assert.deepEqual(await codes(), ["S3.AccessDenied", "Logs.AccessDeniedException"]));
  });

  it("needs a role that trusts it with the account as external id and may read the stream", async () => {
    await bench.makeRole([WRITE], "999999999999");
    await assert.rejects(bench.deliver(), /firehose\.amazonaws\.com may not assume .*role\/delivery/);
  });

  it("refuses creation while the role may not read the stream", async () => {
    await bench.makeRole([WRITE]);
    await assert.rejects(bench.deliver(), { name: "AccessDeniedException", message: /kinesis:DescribeStream/ });
  });

  it("takes no records itself", async () => {
    await start();
    const put = (operation: string) =>
      bench.running.cloud.call(bench.running.owner, "firehose", operation, { DeliveryStreamName: "delivery" });
    await assert.rejects(put("PutRecord"), { name: "InvalidArgumentException", message: /KinesisStreamAsSource/ });
    await assert.rejects(put("PutRecordBatch"), { name: "InvalidArgumentException", message: /KinesisStreamAsSource/ });
    const { output } = await put("DescribeDeliveryStream");
    const { DeliveryStreamStatus, Destinations } = output?.DeliveryStreamDescription as {
      DeliveryStreamStatus: string;
      Destinations: Json[];
    };
    assert.equal(DeliveryStreamStatus, "ACTIVE");
    assert.deepEqual((Destinations[0].ExtendedS3DestinationDescription as Json).BufferingHints, { SizeInMBs: 5, IntervalInSeconds: 60 });
  });
});

describe("the local Firehose after a restart", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "c360-firehose-"));
  after(() => rm(stateDir, { recursive: true, force: true }));

  it("goes on behind what it delivered, from several shards, and delivers what it only had read", async () => {
    const first = await FirehoseBench.open({ stateDir });
    await first.makeSource(3);
    await first.makeRole([READ, WRITE]);
    await first.deliver({ bufferingInterval: 60 });
    first.running.startWorkers();
    const before = Array.from({ length: 40 }, (_, i) => `first-${i}`);
    await first.put(...before);
    await first.untilRead(40);
    first.clock.advance(60_000);
    await first.untilDone();
    const between = Array.from({ length: 30 }, (_, i) => `second-${i}`);
    await first.put(...between);
    await first.untilRead(30);
    await first.close();

    const second = await FirehoseBench.open({ stateDir }, first.clock.now());
    await second.makeRole([READ, WRITE]);
    second.running.startWorkers();
    await second.put("third");
    await second.untilRead(31);
    second.clock.advance(60_000);
    await second.untilDone();
    assert.deepEqual(await second.lines(), [...before, ...between, "third"].sort());
    assert.equal((await second.keys()).filter((key) => key.startsWith(HOUR)).length, 2);
    await second.close();
  });
});
