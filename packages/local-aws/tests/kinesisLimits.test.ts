import { strict as assert } from "node:assert";
import { type KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { kinesis } from "../src/kinesis";
import { type TestCloud, withCloud } from "../testing/cloud";
import { createStream, iteratorOf, named, protocols, putTexts, readFrom } from "../testing/kinesis";
import { ManualClock } from "../testing/manualClock";

const FIRST = "shardId-000000000000";
const MIB = 1024 * 1024;
const HOUR = 3_600_000;

describe("the local Kinesis's limits", () => {
  let cloud: TestCloud;
  let client: KinesisClient;
  const clock = new ManualClock();
  const faults: unknown[] = [];
  before(async () => {
    cloud = await withCloud([kinesis], { clock, onFault: (error) => faults.push(error) });
    client = protocols["HTTP/2"](cloud);
  });
  after(async () => {
    client.destroy();
    await cloud.stop();
    assert.deepEqual(faults, []);
  });
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
  const horizon = (StreamName: string) => iteratorOf(client, { StreamName, ShardId: FIRST, ShardIteratorType: "TRIM_HORIZON" });
  const putBytes = (StreamName: string, bytes: number) =>
    client.send(new PutRecordCommand({ StreamName, Data: Buffer.alloc(bytes - 1), PartitionKey: "k" }));
  const overRate = named(
    "ProvisionedThroughputExceededException",
    /^Rate exceeded for shard shardId-000000000000 in stream \w+ under account 123456789012\.$/,
  );

  it("takes 1000 records a second and fails the others of a PutRecords one by one", async () => {
    await createStream(cloud, "count");
    await putTexts(client, "count", texts(500));
    await putTexts(client, "count", texts(499));
    const { Records = [], FailedRecordCount } = await putTexts(client, "count", ["last", "over", "more"]);
    assert.equal(FailedRecordCount, 2);
    assert.equal(Records[0].ShardId, FIRST);
    assert.deepEqual(Records.slice(1), [
      {
        ErrorCode: "ProvisionedThroughputExceededException",
        ErrorMessage: "Rate exceeded for shard shardId-000000000000 in stream count under account 123456789012.",
      },
      {
        ErrorCode: "ProvisionedThroughputExceededException",
        ErrorMessage: "Rate exceeded for shard shardId-000000000000 in stream count under account 123456789012.",
      },
    ]);
    await assert.rejects(putBytes("count", 10), overRate);
    clock.advance(2);
    assert.deepEqual(
      (await putTexts(client, "count", ["x", "y", "z"])).Records?.map(({ ErrorCode }) => ErrorCode === undefined),
      [true, true, false],
    );
    const { texts: stored } = await readFrom(client, await horizon("count"));
    assert.deepEqual(stored.slice(998), ["498", "last", "x", "y"]);
  });

  it("takes 1 MiB a second, keys included", async () => {
    await createStream(cloud, "bytes");
    await putBytes("bytes", MIB);
    await assert.rejects(putBytes("bytes", 1024), overRate);
    clock.advance(1);
    await putBytes("bytes", 1024);
    await assert.rejects(putBytes("bytes", 1024), overRate);
  });

  it("limits each shard by itself", async () => {
    await createStream(cloud, "apart", { streamModeDetails: { streamMode: "ON_DEMAND" } });
    const put = (shard: bigint) =>
      client.send(
        new PutRecordCommand({
          StreamName: "apart",
          Data: Buffer.alloc(MIB - 1),
          PartitionKey: "k",
          ExplicitHashKey: String(shard * 2n ** 126n),
        }),
      );
    const ids = await Promise.all([0n, 1n, 2n, 3n].map(put));
    assert.deepEqual(
      ids.map(({ ShardId }) => Number(ShardId?.slice(-2))),
      [0, 1, 2, 3],
    );
    await assert.rejects(put(3n), named("ProvisionedThroughputExceededException", /shardId-000000000003/));
  });

  it("answers five GetRecords a second", async () => {
    await createStream(cloud, "calls");
    const iterator = await horizon("calls");
    for (let i = 0; i < 5; i++) await readFrom(client, iterator);
    await assert.rejects(readFrom(client, iterator), overRate);
    clock.advance(199);
    await assert.rejects(readFrom(client, iterator), overRate);
    clock.advance(1);
    await readFrom(client, iterator);
  });

  it("returns 10 MiB at once and then nothing for the five seconds that they take", async () => {
    await createStream(cloud, "bulk");
    for (let i = 0; i < 11; i++) {
      await putBytes("bulk", MIB);
      clock.advance(1000);
    }
    const { records, next } = await readFrom(client, await horizon("bulk"));
    assert.equal(records.length, 10);
    clock.advance(4900);
    await assert.rejects(readFrom(client, next), overRate);
    clock.advance(100);
    assert.equal((await readFrom(client, next)).records.length, 1);
  });

  it("lets records go when the retention is over", async () => {
    await createStream(cloud, "short", { shardCount: 1, retentionPeriod: 24 });
    const { Records: [old] = [] } = await putTexts(client, "short", ["old"]);
    clock.advance(HOUR);
    await putTexts(client, "short", ["young"]);
    clock.advance(23 * HOUR);
    assert.deepEqual((await readFrom(client, await horizon("short"))).texts, ["old", "young"]);
    clock.advance(1);
    assert.deepEqual((await readFrom(client, await horizon("short"))).texts, ["young"]);
    const at = await iteratorOf(client, {
      StreamName: "short",
      ShardId: FIRST,
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      StartingSequenceNumber: old.SequenceNumber,
    });
    assert.deepEqual((await readFrom(client, at)).texts, ["young"]);
  });

  it("expires iterators after five minutes", async () => {
    await createStream(cloud, "expiry", { shardCount: 2 });
    const iterator = await horizon("expiry");
    clock.advance(300_000);
    await readFrom(client, iterator);
    clock.advance(1);
    await assert.rejects(readFrom(client, iterator), named("ExpiredIteratorException", /^Iterator expired\. .* 300000 milliseconds\.$/));
  });
});
