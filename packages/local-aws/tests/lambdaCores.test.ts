import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import type { StreamRecord } from "../src/kinesis/shardReader";
import { Batcher } from "../src/lambda/batcher";
import { encodeEvent, eventBytes, MAX_EVENT_BYTES } from "../src/lambda/events";
import { batcherOf, Progress } from "../src/lambda/shardConsumer";
import { ManualClock } from "../testing/manualClock";
import { record, records } from "../testing/streamRecords";

describe("Progress", () => {
  it("has its checkpoint at the last record before which all are finished, in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]), (order) => {
        const progress = new Progress();
        const all = records(8);
        progress.add(all);
        for (const ordinal of order) progress.finish([all[ordinal]]);
        const firstMissing = all.findIndex((_, ordinal) => !order.includes(ordinal));
        const expected = firstMissing < 0 ? 8 : firstMissing;
        assert.deepEqual([progress.checkpoint, progress.unfinished], [expected === 0 ? undefined : String(expected - 1), 8 - order.length]);
      }),
    );
  });
});

describe("Batcher", () => {
  const never = new AbortController().signal;

  it("returns a batch when it is full, and the rest when the window is over", async () => {
    const clock = new ManualClock();
    const batcher = new Batcher(clock, { batchSize: 3, windowSeconds: 10 });
    batcher.push(records(4));
    assert.equal((await batcher.next(never)).length, 3);
    const rest = batcher.next(never);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(9_999);
    batcher.push([record(4)]);
    assert.equal(clock.sleeping, 1);
    clock.advance(1);
    assert.deepEqual(
      (await rest).map(({ sequenceNumber }) => Number(sequenceNumber)),
      [3, 4],
    );
  });

  it("keeps every event within 6 MiB, and sends a larger record alone", async () => {
    const batcher = new Batcher(new ManualClock(), { batchSize: 100, windowSeconds: 10 });
    const large = (ordinal: number, mib: number): StreamRecord => record(ordinal, 0, "a".repeat(mib * 1024 * 1024));
    batcher.push([large(0, 2), large(1, 2), large(2, 2), large(3, 7), large(4, 2)]);
    const batches = [await batcher.next(never), await batcher.next(never), await batcher.next(never)];
    assert.deepEqual(
      batches.map((batch) => batch.map(({ sequenceNumber }) => Number(sequenceNumber))),
      [[0, 1], [2], [3]],
    );
  });

  it("stops waiting when the signal aborts", async () => {
    const stop = new AbortController();
    const waiting = new Batcher(new ManualClock(), { batchSize: 1, windowSeconds: 0 }).next(stop.signal);
    stop.abort();
    await assert.rejects(waiting, { name: "AbortError" });
  });
});

describe("an event", () => {
  const source = {
    shardId: "shardId-000000000001",
    streamArn: `arn:aws:kinesis:ap-southeast-1:123456789012:stream/${"s".repeat(128)}`,
    roleArn: `arn:aws:iam::123456789012:role/${"r".repeat(64)}`,
    region: "ap-southeast-1",
  };

  it("is never larger than its records' bounds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ partitionKey: fc.string({ minLength: 1, maxLength: 256, unit: "binary" }), data: fc.base64String() }), {
          minLength: 1,
        }),
        (parts) => {
          const batch = parts.map((part, i) => ({ ...record(i), ...part, sequenceNumber: "4".repeat(56) }));
          const bound = batch.reduce((sum, each) => sum + eventBytes(each), 16);
          assert.ok(Buffer.byteLength(encodeEvent(batch, source)) <= bound && bound < MAX_EVENT_BYTES);
        },
      ),
    );
  });

  it("goes to the one batcher of its key, and keys fill all batchers", () => {
    const batchers = Array.from({ length: 100 }, (_, i) => batcherOf(`key${i}`, 4));
    assert.deepEqual([...new Set(batchers)].sort(), [0, 1, 2, 3]);
    assert.deepEqual(
      Array.from({ length: 100 }, (_, i) => batcherOf(`key${i}`, 4)),
      batchers,
    );
  });
});
