import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KinesisClient, ListShardsCommand, UpdateShardCountCommand } from "@aws-sdk/client-kinesis";
import { kinesis } from "../src/kinesis";
import { type TestCloud, withCloud } from "../testing/cloud";
import {
  createStream,
  iteratorOf,
  merge,
  named,
  protocols,
  putTexts,
  readFrom,
  shardId,
  shardsOf,
  split,
  statusOf,
} from "../testing/kinesis";
import { ManualClock } from "../testing/manualClock";

const HALF = 2n ** 127n;
const UPDATE_MS = 30_000;
const scale = (client: KinesisClient, TargetShardCount = 2) =>
  client.send(new UpdateShardCountCommand({ StreamName: "kept", TargetShardCount, ScalingType: "UNIFORM_SCALING" }));

describe("the shards of a resharded stream", () => {
  const clock = new ManualClock();
  let cloud: TestCloud;
  let client: KinesisClient;
  before(async () => {
    cloud = await withCloud([kinesis], { clock });
    client = protocols["HTTP/1.1"](cloud);
  });
  after(async () => {
    client.destroy();
    await cloud.stop();
  });

  it("lists the shards that a filter means, by pages, and forgets those whose records are gone", async () => {
    await createStream(cloud, "f");
    const created = clock.now();
    const hours = (n: number): Date => new Date(created + n * 3_600_000);
    clock.advance(3_600_000 - UPDATE_MS);
    await split(client, "f", 0, HALF);
    clock.advance(UPDATE_MS - 1);
    const { Records: [last] = [] } = await putTexts(client, "f", ["last of the parent"]);
    assert.equal(last.ShardId, shardId(0));
    clock.advance(1);
    const between = await shardsOf(client, "f", { Type: "FROM_TIMESTAMP", Timestamp: new Date(clock.now() - 1) });
    assert.deepEqual(new Set(between.map(({ ShardId }) => ShardId)), new Set([0, 1, 2].map(shardId)));
    clock.advance(3_600_000);
    await merge(client, "f", 1, 2);
    clock.advance(UPDATE_MS);
    const listed = async (Type: "AT_LATEST" | "AT_TRIM_HORIZON" | "FROM_TRIM_HORIZON" | "AT_TIMESTAMP" | "FROM_TIMESTAMP", at?: Date) =>
      (await shardsOf(client, "f", { Type, Timestamp: at })).map(({ ShardId }) => Number(ShardId?.slice(-2)));
    assert.deepEqual(await listed("AT_LATEST"), [3]);
    assert.deepEqual(await listed("AT_TRIM_HORIZON"), [0]);
    assert.deepEqual(await listed("FROM_TRIM_HORIZON"), [0, 1, 2, 3]);
    assert.deepEqual(await listed("AT_TIMESTAMP", hours(0.5)), [0]);
    assert.deepEqual(await listed("AT_TIMESTAMP", hours(1.5)), [1, 2]);
    assert.deepEqual(await listed("FROM_TIMESTAMP", hours(1.5)), [1, 2, 3]);
    const page = await client.send(
      new ListShardsCommand({ StreamName: "f", MaxResults: 1, ShardFilter: { Type: "AT_TIMESTAMP", Timestamp: hours(1.5) } }),
    );
    const rest = await client.send(new ListShardsCommand({ NextToken: page.NextToken }));
    assert.deepEqual([rest.Shards?.map(({ ShardId }) => ShardId), rest.NextToken], [[shardId(2)], undefined]);
    clock.advance(created + 25.5 * 3_600_000 - clock.now());
    assert.deepEqual(await listed("FROM_TRIM_HORIZON"), [1, 2, 3]);
    assert.deepEqual(await listed("AT_TRIM_HORIZON"), [1, 2]);
    clock.advance(3_600_000);
    assert.deepEqual(await listed("FROM_TRIM_HORIZON"), [3]);
  });
});

describe("a restarted local Kinesis that was resharded", () => {
  it("has its shards, records and limits, and does what was asked for and not yet done", async () => {
    const stateDir = await mkdtemp(join(tmpdir(), "c360-reshard-"));
    const clock = new ManualClock();
    const contents = async (client: KinesisClient) => {
      const shards = await shardsOf(client, "kept");
      const records = shards.map(async ({ ShardId }) => {
        const iterator = await iteratorOf(client, { StreamName: "kept", ShardId, ShardIteratorType: "TRIM_HORIZON" });
        return (await readFrom(client, iterator)).records;
      });
      return { shards, records: await Promise.all(records) };
    };
    const texts = (round: string) => Array.from({ length: 20 }, (_, i) => `${round}${i}`);
    try {
      const first = await withCloud([kinesis], { clock, stateDir });
      const client = protocols["HTTP/1.1"](first);
      await createStream(first, "kept");
      await putTexts(client, "kept", texts("a"));
      await split(client, "kept", 0, HALF);
      clock.advance(UPDATE_MS);
      await putTexts(client, "kept", texts("b"));
      for (let i = 0; i < 10; i++) {
        await scale(client);
        clock.advance(UPDATE_MS);
      }
      const before = await contents(client);
      await assert.rejects(scale(client), named("LimitExceededException", /at most 10 times/));
      await merge(client, "kept", 1, 2);
      await putTexts(client, "kept", texts("c"));
      client.destroy();
      await first.stop();

      clock.advance(1000);
      const second = await withCloud([kinesis], { clock, stateDir });
      const again = protocols["HTTP/1.1"](second);
      assert.equal(await statusOf(again, "kept"), "ACTIVE");
      const { Records: placed = [] } = await putTexts(again, "kept", texts("d"));
      assert.deepEqual(new Set(placed.map(({ ShardId }) => ShardId)), new Set([shardId(3)]));
      const after = await contents(again);
      assert.deepEqual([after.shards[0], after.records[0]], [before.shards[0], before.records[0]]);
      for (const i of [1, 2]) assert.deepEqual(after.records[i].slice(0, before.records[i].length), before.records[i]);
      assert.deepEqual(
        after.records
          .flat()
          .map(({ PartitionKey }) => PartitionKey)
          .sort(),
        ["a", "b", "c", "d"].flatMap(texts).sort(),
      );
      assert.equal(after.shards[3].ParentShardId, shardId(1));
      await assert.rejects(scale(again, 1), named("LimitExceededException", /at most 10 times/));
      again.destroy();
      await second.stop();
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  });
});
