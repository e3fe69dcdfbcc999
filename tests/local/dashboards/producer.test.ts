import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { kinesis as kinesisService } from "@c360/local-aws";
import type { ProducedRecord } from "../../../local/interactions/records";
import { Pacer, produce, takeBatch } from "../../../local/dashboards/producer";
import { createStream, iteratorOf, readFrom, type TestCloud, withCloud } from "@c360/local-aws/testing";

const SHARD = "shardId-000000000000";
const records = (count: number, sessions: number, size = 0): ProducedRecord[] =>
  Array.from({ length: count }, (_, n) => ({
    partitionKey: `s${n % sessions}`,
    data: Buffer.from(`${n} ${"x".repeat(size)}`),
    events: 1,
  }));

describe("the dashboards", () => {
  let cloud: TestCloud;
  let kinesis: KinesisClient;
  const signal = new AbortController().signal;
  before(async () => {
    cloud = await withCloud([kinesisService]);
    kinesis = new KinesisClient(cloud.client);
  });
  after(async () => {
    kinesis.destroy();
    await cloud.stop();
  });

  async function arrived(streamName: string): Promise<{ key: string; number: number }[]> {
    const input = { StreamName: streamName, ShardId: SHARD, ShardIteratorType: "TRIM_HORIZON" as const };
    const found: { key: string; number: number }[] = [];
    let iterator = await iteratorOf(kinesis, input);
    for (;;) {
      const page = await readFrom(kinesis, iterator);
      found.push(
        ...page.records.map(({ PartitionKey, Data }) => ({
          key: PartitionKey ?? "",
          number: parseInt(Buffer.from(Data ?? []).toString(), 10),
        })),
      );
      if (page.behind === 0) return found;
      iterator = page.next;
    }
  }

  function assertOrdered(found: { key: string; number: number }[]): void {
    const last = new Map<string, number>();
    for (const { key, number } of found) {
      assert.ok(number > (last.get(key) ?? -1), `${key}: ${number} after ${last.get(key)}`);
      last.set(key, number);
    }
  }

  it("send every record once, each session's in order, and tell how far they are", async () => {
    await createStream(cloud, "calm");
    const told: number[] = [];
    const options = {
      kinesis,
      streamName: "calm",
      shards: 1,
      records: records(1200, 300),
      signal,
      onProgress: (sent: number) => told.push(sent),
    };
    const sent = await produce(options);
    assert.deepEqual([sent.records, sent.throttled], [1200, 0]);
    assert.equal(told[told.length - 1], 1200);
    const found = await arrived("calm");
    assert.deepEqual(
      found.map(({ number }) => number).sort((a, b) => a - b),
      [...records(1200, 300).keys()],
    );
    assertOrdered(found);
  });

  it("send again what a shard refuses, and keep the order", async () => {
    await createStream(cloud, "narrow");
    const sent = await produce({ kinesis, streamName: "narrow", shards: 20, records: records(1500, 250), signal });
    assert.equal(sent.records, 1500);
    assert.ok(sent.throttled > 0, "nothing was throttled");
    const found = await arrived("narrow");
    assert.equal(found.length, 1500);
    assertOrdered(found);
  });

  it("fail with the service's word when they may not send", async () => {
    await assert.rejects(produce({ kinesis, streamName: "none", shards: 1, records: records(1, 1), signal }), {
      name: "ResourceNotFoundException",
    });
  });

  it("stop when the run is interrupted", async () => {
    await createStream(cloud, "long");
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error("stop"));
    const running = produce({
      kinesis,
      streamName: "long",
      shards: 1,
      records: records(5000, 5000),
      signal: controller.signal,
      onProgress,
    });
    await assert.rejects(running, { name: "AbortError" });
    assert.ok((await arrived("long")).length < 5000);
  });
});

const MIB = 1024 * 1024;
const record = (partitionKey: string, size = 10): ProducedRecord => ({ partitionKey, data: Buffer.alloc(size), events: 1 });

describe("the requests of the dashboards", () => {
  it("hold each record once, and each session's records in order, whatever is refused", () => {
    const keys = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 40 });
    fc.assert(
      fc.property(keys, fc.infiniteStream(fc.boolean()), (sequence, refusals) => {
        const records = sequence.map((key) => record(key));
        const taken: ProducedRecord[] = [];
        let waiting = records;
        for (let request = 0; waiting.length > 0 && request < 1000; request += 1) {
          const { batch, rest } = takeBatch(waiting);
          assert.equal(new Set(batch.map(({ partitionKey }) => partitionKey)).size, batch.length);
          const again = batch.filter(() => refusals.next().value === true);
          taken.push(...batch.filter((one) => !again.includes(one)));
          waiting = [...again, ...rest];
        }
        for (const key of "abcd") {
          const of = (all: ProducedRecord[]): ProducedRecord[] => all.filter(({ partitionKey }) => partitionKey === key);
          assert.deepEqual(of(taken), of(records));
        }
      }),
    );
  });

  it("hold at most 500 records", () => {
    const { batch, rest } = takeBatch(Array.from({ length: 700 }, (_, n) => record(`k${n}`)));
    assert.deepEqual([batch.length, rest.length], [500, 200]);
  });

  it("hold at most 5 MiB, and no later record of a session whose record did not fit", () => {
    const waiting = [record("a", 3 * MIB), record("b", 3 * MIB), record("b", 1), record("c", 1)];
    const { batch, rest } = takeBatch(waiting);
    assert.deepEqual(
      [batch, rest],
      [
        [waiting[0], waiting[3]],
        [waiting[1], waiting[2]],
      ],
    );
  });
});

describe("the pace of the dashboards", () => {
  it("waits for what was sent before, by records or by bytes, and makes up for no idle time", () => {
    const pacer = new Pacer(1000, MIB);
    assert.equal(pacer.delay(500, 1000, 0), 0);
    assert.equal(pacer.delay(100, MIB, 200), 300);
    assert.equal(pacer.delay(100, 0, 600), 900);
    assert.equal(pacer.delay(100, 0, 5000), 0);
    assert.equal(pacer.delay(100, 0, 5000), 100);
  });
});
