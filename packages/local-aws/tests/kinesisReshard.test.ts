import { strict as assert } from "node:assert";
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  type KinesisClient,
  PutRecordsCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { kinesis } from "../src/kinesis";
import { type TestCloud, withCloud } from "../testing/cloud";
import { createStream, iteratorOf, merge, named, protocols, readFrom, shardId, shardsOf, split, statusOf } from "../testing/kinesis";
import { ManualClock } from "../testing/manualClock";

const HALF = 2n ** 127n;
const LAST = 2n ** 128n - 1n;
const UPDATE_MS = 30_000;

describe("resharding a stream of the local Kinesis", () => {
  let cloud: TestCloud;
  let client: KinesisClient;
  let clock: ManualClock;
  beforeEach(async () => {
    clock = new ManualClock();
    cloud = await withCloud([kinesis], { clock });
    client = protocols["HTTP/1.1"](cloud);
  });
  afterEach(async () => {
    client.destroy();
    await cloud.stop();
  });
  const scale = (StreamName: string, TargetShardCount: number) =>
    client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: "UNIFORM_SCALING" }));
  const update = async (request: Promise<unknown>): Promise<void> => {
    await request;
    clock.advance(UPDATE_MS);
  };
  /** Puts a record of each hash key and tells the shards that took them. */
  const put = async (StreamName: string, ...keys: bigint[]): Promise<(string | undefined)[]> => {
    const Records = keys.map((key) => ({ Data: Buffer.from(`${key}`), PartitionKey: "k", ExplicitHashKey: `${key}` }));
    return ((await client.send(new PutRecordsCommand({ StreamName, Records }))).Records ?? []).map(({ ShardId }) => ShardId);
  };
  const openRanges = async (name: string) =>
    (await shardsOf(client, name, { Type: "AT_LATEST" }))
      .map(({ HashKeyRange }) => [BigInt(HashKeyRange?.StartingHashKey ?? -1), BigInt(HashKeyRange?.EndingHashKey ?? -1)])
      .sort(([a], [b]) => (a < b ? -1 : 1));

  it("splits a shard: while UPDATING the parent takes records, then its children do", async () => {
    await createStream(cloud, "s");
    await split(client, "s", 0, HALF);
    assert.equal(await statusOf(client, "s"), "UPDATING");
    clock.advance(UPDATE_MS - 1);
    assert.deepEqual(await put("s", 0n, LAST), [shardId(0), shardId(0)]);
    assert.equal((await shardsOf(client, "s")).length, 1);
    clock.advance(1);
    assert.equal(await statusOf(client, "s"), "ACTIVE");
    assert.deepEqual(await put("s", HALF - 1n, HALF), [shardId(1), shardId(2)]);
    const [parent, ...children] = await shardsOf(client, "s");
    assert.deepEqual(
      children.map(({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange }) => [
        ShardId,
        ParentShardId,
        AdjacentParentShardId,
        HashKeyRange?.StartingHashKey,
        HashKeyRange?.EndingHashKey,
      ]),
      [
        [shardId(1), shardId(0), undefined, "0", String(HALF - 1n)],
        [shardId(2), shardId(0), undefined, String(HALF), String(LAST)],
      ],
    );
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: "s" }));
    assert.deepEqual(StreamDescription?.Shards, [parent, ...children]);
    const ends = [parent, ...children].map(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber);
    assert.deepEqual([typeof ends[0], ends[1], ends[2]], ["string", undefined, undefined]);
    assert.ok(BigInt(ends[0] ?? 0) < BigInt(children[0].SequenceNumberRange?.StartingSequenceNumber ?? 0));
  });

  it("merges two neighbours in either order, and only neighbours", async () => {
    await createStream(cloud, "m", { shardCount: 4 });
    await assert.rejects(
      merge(client, "m", 0, 2),
      named("InvalidArgumentException", /000000000000 and shardId-000000000002 .*not an adjacent/),
    );
    await assert.rejects(merge(client, "m", 1, 1), named("InvalidArgumentException", /not an adjacent/));
    await update(merge(client, "m", 0, 1));
    await update(merge(client, "m", 3, 2));
    assert.deepEqual(
      (await shardsOf(client, "m", { Type: "AT_LATEST" })).map(({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange }) => [
        ShardId,
        ParentShardId,
        AdjacentParentShardId,
        HashKeyRange?.StartingHashKey,
      ]),
      [
        [shardId(4), shardId(0), shardId(1), "0"],
        [shardId(5), shardId(3), shardId(2), String(HALF)],
      ],
    );
    assert.deepEqual(await put("m", 0n, HALF - 1n, HALF, LAST), [shardId(4), shardId(4), shardId(5), shardId(5)]);
  });

  it("ends the reading of a closed shard with its children, and lets it be read again from anywhere", async () => {
    await createStream(cloud, "r", { shardCount: 2 });
    await put("r", 1n, 2n, 3n);
    const tip = await iteratorOf(client, { StreamName: "r", ShardId: shardId(0), ShardIteratorType: "LATEST" });
    await update(merge(client, "r", 0, 1));
    await put("r", 4n);
    const from = await iteratorOf(client, { StreamName: "r", ShardId: shardId(0), ShardIteratorType: "TRIM_HORIZON" });
    const first = await readFrom(client, from, 2);
    assert.deepEqual([first.texts, first.next === "", first.behind === 0], [["1", "2"], false, false]);
    const last = await client.send(new GetRecordsCommand({ ShardIterator: first.next }));
    assert.deepEqual([last.Records?.length, last.NextShardIterator, last.MillisBehindLatest], [1, undefined, 0]);
    assert.deepEqual(last.ChildShards, [
      {
        ShardId: shardId(2),
        ParentShards: [shardId(0), shardId(1)],
        HashKeyRange: { StartingHashKey: "0", EndingHashKey: String(LAST) },
      },
    ]);
    const atEnd = [tip, await iteratorOf(client, { StreamName: "r", ShardId: shardId(1), ShardIteratorType: "LATEST" })];
    for (const iterator of atEnd) {
      const { texts, next } = await readFrom(client, iterator);
      assert.deepEqual([texts, next], [[], ""]);
    }
  });

  it("scales to even ranges by splits and merges, within the service's limits", async () => {
    await createStream(cloud, "u", { shardCount: 2 });
    const reply = await scale("u", 4);
    assert.deepEqual([reply.StreamName, reply.CurrentShardCount, reply.TargetShardCount], ["u", 2, 4]);
    assert.match(reply.StreamARN ?? "", /:stream\/u$/);
    clock.advance(UPDATE_MS);
    assert.equal((await shardsOf(client, "u")).length, 6);
    for (const target of [5, 7, 4, 2, 1]) {
      await update(scale("u", target));
      const ranges = await openRanges("u");
      const expected = Array.from({ length: target }, (_, i) => [i, i + 1].map((k) => (2n ** 128n * BigInt(k)) / BigInt(target)));
      assert.deepEqual(
        ranges,
        expected.map(([start, next]) => [start, next - 1n]),
      );
    }
    await assert.rejects(scale("u", 3), named("LimitExceededException", /at most double the current open shard count 1, got 3/));
    for (const target of [2, 4, 8, 4]) await update(scale("u", target));
    await assert.rejects(scale("u", 1), named("LimitExceededException", /at least half the current open shard count 4, got 1/));
    await assert.rejects(scale("u", 2), named("LimitExceededException", /at most 10 times in 24 hours/));
    clock.advance(86_400_000);
    await update(scale("u", 2));
  });

  it("refuses what the service refuses, by its names", async () => {
    await createStream(cloud, "e", { shardCount: 2 });
    await createStream(cloud, "demand", { streamModeDetails: { streamMode: "ON_DEMAND" } });
    for (const request of [() => split(client, "demand", 0, 9n), () => merge(client, "demand", 0, 1), () => scale("demand", 8)]) {
      await assert.rejects(request(), named("ValidationException", /stream demand .*on-demand/));
    }
    await assert.rejects(split(client, "none", 0, 9n), named("ResourceNotFoundException", /none/));
    await assert.rejects(split(client, "e", 7, 9n), named("ResourceNotFoundException", /shardId-000000000007 in stream e/));
    for (const hashKey of [0n, 1n, HALF - 1n, HALF]) {
      await assert.rejects(
        split(client, "e", 0, hashKey),
        named("InvalidArgumentException", new RegExp(`NewStartingHashKey .*got ${hashKey}\\.`)),
      );
    }
    await split(client, "e", 0, 2n);
    for (const request of [() => split(client, "e", 1, HALF + 9n), () => merge(client, "e", 0, 1), () => scale("e", 4)]) {
      await assert.rejects(request(), named("ResourceInUseException", /stream e .*UPDATING/));
    }
    clock.advance(UPDATE_MS);
    await assert.rejects(split(client, "e", 0, 9n), named("InvalidArgumentException", /shardId-000000000000 .*already merged or split/));
    await assert.rejects(merge(client, "e", 0, 1), named("InvalidArgumentException", /already merged or split/));
  });

  it("needs a permission of its own for each operation", async () => {
    await createStream(cloud, "p", { shardCount: 2 });
    const trust = { Statement: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } } };
    await cloud.cloud.create("aws:iam/role:Role", { name: "r", assumeRolePolicy: JSON.stringify(trust) }, "urn:pulumi:t::t::r::r");
    const role = cloud.cloud.assume("arn:aws:iam::123456789012:role/r", "lambda.amazonaws.com");
    const inputs = {
      SplitShard: { ShardToSplit: shardId(0), NewStartingHashKey: "9" },
      MergeShards: { ShardToMerge: shardId(0), AdjacentShardToMerge: shardId(1) },
      UpdateShardCount: { TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" },
    };
    for (const [name, input] of Object.entries(inputs)) {
      await assert.rejects(
        cloud.cloud.call(role, "kinesis", name, { StreamName: "p", ...input }),
        named("AccessDeniedException", new RegExp(`kinesis:${name} .*stream/p`)),
      );
    }
  });
});
