import { strict as assert } from "node:assert";
import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { kinesis } from "../src/kinesis";
import type { Json } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";
import { createStream, iteratorOf, protocols, putTexts, readFrom } from "../testing/kinesis";
import { ManualClock } from "../testing/manualClock";

const FIRST = "shardId-000000000000";
const SECOND = "shardId-000000000001";
const START = Date.UTC(2026, 0, 31, 12) + 123;

for (const [protocol, connect] of Object.entries(protocols)) {
  describe(`the local Kinesis over ${protocol}`, () => {
    let cloud: TestCloud;
    let client: KinesisClient;
    const clock = new ManualClock(START);
    before(async () => {
      cloud = await withCloud([kinesis], { clock });
      client = connect(cloud);
    });
    after(async () => {
      client.destroy();
      await cloud.stop();
    });
    beforeEach(() => clock.advance(10_000));

    it("keeps each partition key's records in order on one shard", async () => {
      await createStream(cloud, "order", { shardCount: 2 });
      const keys = ["ann", "bob", "cid", "dot", "eve"];
      const placed = new Map<string, Set<string>>();
      for (let round = 0; round < 4; round++) {
        const Records = keys.map((key) => ({ Data: Buffer.from(`${key}${round}`), PartitionKey: key }));
        const { Records: results = [] } = await client.send(new PutRecordsCommand({ StreamName: "order", Records }));
        results.forEach(({ ShardId = "" }, i) => placed.set(keys[i], (placed.get(keys[i]) ?? new Set()).add(ShardId)));
      }
      assert.deepEqual(
        [...placed.values()].map((shards) => shards.size),
        [1, 1, 1, 1, 1],
      );
      const read: string[] = [];
      for (const ShardId of [FIRST, SECOND]) {
        const iterator = await iteratorOf(client, { StreamName: "order", ShardId, ShardIteratorType: "TRIM_HORIZON" });
        const { records, texts } = await readFrom(client, iterator);
        const numbers = records.map(({ SequenceNumber = "" }) => SequenceNumber);
        assert.ok(numbers.length > 0 && numbers.every((number) => number.length === 56));
        assert.deepEqual([...new Set(numbers)].sort(), numbers);
        assert.deepEqual(
          numbers.map(BigInt).sort((a, b) => (a < b ? -1 : 1)),
          numbers.map(BigInt),
        );
        read.push(...texts);
      }
      for (const key of keys) {
        assert.deepEqual(
          read.filter((text) => text.startsWith(key)),
          [0, 1, 2, 3].map((round) => `${key}${round}`),
        );
      }
    });

    it("gives a record back as it came, with its time of arrival", async () => {
      const arn = await createStream(cloud, "bytes");
      const Data = Uint8Array.from({ length: 256 }, (_, i) => i);
      const put = await client.send(new PutRecordCommand({ StreamARN: arn, Data, PartitionKey: "é:ключ" }));
      assert.equal(put.ShardId, FIRST);
      assert.equal(put.EncryptionType, undefined);
      const { records, behind } = await readFrom(
        client,
        await iteratorOf(client, { StreamARN: arn, ShardId: FIRST, ShardIteratorType: "TRIM_HORIZON" }),
      );
      assert.deepEqual(records, [
        {
          SequenceNumber: put.SequenceNumber,
          Data,
          PartitionKey: "é:ключ",
          ApproximateArrivalTimestamp: new Date(clock.now()),
        },
      ]);
      assert.equal(behind, 0);
    });

    it("sends a record where its explicit hash key says", async () => {
      await createStream(cloud, "explicit", { shardCount: 2 });
      const half = 2n ** 127n;
      const Records = [half - 1n, half, 0n, 2n ** 128n - 1n].map((key) => ({
        Data: Buffer.from("x"),
        PartitionKey: "same",
        ExplicitHashKey: String(key),
      }));
      const { Records: results, FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName: "explicit", Records }));
      assert.deepEqual(
        results?.map(({ ShardId }) => ShardId),
        [FIRST, SECOND, FIRST, SECOND],
      );
      assert.equal(FailedRecordCount, 0);
    });

    it("starts an iterator of each type where AWS does", async () => {
      await createStream(cloud, "iterators");
      const { Records: results = [] } = await putTexts(client, "iterators", ["a", "b"]);
      clock.advance(1000);
      const between = clock.now();
      clock.advance(1000);
      await putTexts(client, "iterators", ["c"]);
      const at = (input: Json) => iteratorOf(client, { StreamName: "iterators", ShardId: FIRST, ShardIteratorType: "LATEST", ...input });
      const StartingSequenceNumber = results[1].SequenceNumber;
      const cases: [Json, string[]][] = [
        [{ ShardIteratorType: "TRIM_HORIZON" }, ["a", "b", "c"]],
        [{ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber }, ["b", "c"]],
        [{ ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber }, ["c"]],
        [{ ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(between) }, ["c"]],
        [{ ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(between - 1000) }, ["a", "b", "c"]],
        [{ ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(0) }, ["a", "b", "c"]],
        [{ ShardIteratorType: "LATEST" }, []],
      ];
      for (const [input, expected] of cases) {
        clock.advance(1000);
        assert.deepEqual((await readFrom(client, await at(input))).texts, expected, JSON.stringify(input));
      }
      const tip = await at({ ShardIteratorType: "LATEST" });
      await putTexts(client, "iterators", ["d"]);
      clock.advance(1000);
      assert.deepEqual((await readFrom(client, tip)).texts, ["d"]);
    });

    it("goes on from NextShardIterator and tells how far behind it is", async () => {
      await createStream(cloud, "paging");
      await putTexts(client, "paging", ["a", "b", "c"]);
      clock.advance(500);
      const first = await readFrom(
        client,
        await iteratorOf(client, { StreamName: "paging", ShardId: FIRST, ShardIteratorType: "TRIM_HORIZON" }),
        2,
      );
      assert.deepEqual([first.texts, first.behind], [["a", "b"], 500]);
      const second = await readFrom(client, first.next, 2);
      assert.deepEqual([second.texts, second.behind], [["c"], 0]);
      const third = await readFrom(client, second.next);
      assert.deepEqual([third.texts, third.behind], [[], 0]);
    });

    it("describes a stream and lists its shards", async () => {
      const StreamARN = await createStream(cloud, "wide", { shardCount: 3, retentionPeriod: 48, maxRecordSizeInKib: 2048 });
      const { StreamDescription: whole } = await client.send(new DescribeStreamCommand({ StreamARN }));
      assert.deepEqual(
        whole?.Shards?.map(({ ShardId, HashKeyRange }) => [ShardId, HashKeyRange?.StartingHashKey, HashKeyRange?.EndingHashKey]),
        [
          [FIRST, "0", "113427455640312821154458202477256070484"],
          [SECOND, "113427455640312821154458202477256070485", "226854911280625642308916404954512140969"],
          ["shardId-000000000002", "226854911280625642308916404954512140970", "340282366920938463463374607431768211455"],
        ],
      );
      assert.deepEqual([whole?.HasMoreShards, whole?.StreamStatus, whole?.RetentionPeriodHours], [false, "ACTIVE", 48]);
      const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: "wide" }));
      assert.deepEqual([summary?.OpenShardCount, summary?.MaxRecordSizeInKiB, summary?.StreamARN], [3, 2048, StreamARN]);
      assert.deepEqual(summary?.StreamCreationTimestamp, new Date(clock.now()));
      const { Shards, NextToken } = await client.send(new ListShardsCommand({ StreamName: "wide" }));
      assert.deepEqual([Shards, NextToken], [whole?.Shards, undefined]);
    });

    it("says by EncryptionType that a stream is encrypted", async () => {
      await createStream(cloud, "secret", { shardCount: 1, encryptionType: "KMS", kmsKeyId: "alias/aws/kinesis" });
      assert.equal((await putTexts(client, "secret", ["x"])).EncryptionType, "KMS");
      const iterator = await iteratorOf(client, { StreamName: "secret", ShardId: FIRST, ShardIteratorType: "TRIM_HORIZON" });
      assert.equal((await readFrom(client, iterator)).records[0].EncryptionType, "KMS");
    });
  });
}
