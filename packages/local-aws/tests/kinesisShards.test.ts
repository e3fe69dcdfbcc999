import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { Sequence, Shard } from "../src/kinesis/shard";
import { hashKeyOf, MAX_HASH_KEY, splitHashKeys, Stream, type StreamSettings } from "../src/kinesis/stream";
import { ReadThrottle, TokenBucket, WriteThrottle } from "../src/kinesis/throttle";

const MIB = 1024 * 1024;
const [whole] = splitHashKeys(1);
const SETTINGS: StreamSettings = {
  name: "s",
  mode: "PROVISIONED",
  shardCount: 1,
  retentionHours: 24,
  encryption: "NONE",
  maxRecordKiB: 1024,
  shardLevelMetrics: [],
  createdAt: 0,
};
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("Kinesis hash ranges", () => {
  it("cover every hash key once, and routing finds the range that holds it", () => {
    const count = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(count, fc.array(fc.bigInt(0n, MAX_HASH_KEY)), (shards, keys) => {
        const ranges = splitHashKeys(shards);
        const stream = new Stream({ ...SETTINGS, shardCount: shards }, "arn");
        assert.equal(ranges.length, shards);
        assert.equal(ranges[0].start, 0n);
        assert.equal(ranges[shards - 1].end, MAX_HASH_KEY);
        for (let i = 1; i < shards; i++) assert.equal(ranges[i].start, ranges[i - 1].end + 1n);
        for (const key of [...keys, ...ranges.flatMap(({ start, end }) => [start, end])]) {
          const { start, end } = stream.shardOf(key).range;
          assert.ok(start <= key && key <= end);
        }
      }),
    );
  });

  it("hash a partition key by MD5 over UTF-8", () => {
    assert.equal(hashKeyOf("").toString(16), "d41d8cd98f00b204e9800998ecf8427e");
    assert.equal(hashKeyOf("naïve"), BigInt(`0x${createHash("md5").update(Buffer.from("naïve", "utf8")).digest("hex")}`));
  });
});

describe("Kinesis token bucket", () => {
  it("never lets more through a window than it holds and gets, and lets through what it has", () => {
    const steps = fc.array(fc.tuple(fc.nat(1500), fc.integer({ min: 1, max: 120 })), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 1000 }), steps, (perSecond, waits) => {
        const bucket = new TokenBucket(perSecond);
        let now = 0;
        let level = perSecond * 1000;
        const taken: [at: number, amount: number][] = [];
        for (const [wait, wanted] of waits) {
          const amount = Math.min(wanted, perSecond);
          now += wait;
          level = Math.min(perSecond * 1000, level + wait * perSecond);
          const allowed = bucket.allows(amount, now);
          assert.equal(allowed, level >= amount * 1000);
          if (!allowed) continue;
          bucket.take(amount);
          level -= amount * 1000;
          taken.push([now, amount]);
        }
        for (const [from] of taken) {
          for (const [to] of taken.filter(([at]) => at >= from)) {
            const sum = taken.filter(([at]) => at >= from && at <= to).reduce((total, [, amount]) => total + amount, 0);
            assert.ok(sum * 1000 <= perSecond * 1000 + (to - from) * perSecond);
          }
        }
      }),
    );
  });

  it("gains nothing when the clock steps back", () => {
    const bucket = new TokenBucket(5);
    assert.ok(bucket.allows(5, 10_000));
    bucket.take(5);
    assert.ok(!bucket.allows(1, 9_000));
    assert.ok(!bucket.allows(1, 10_199));
    assert.ok(bucket.allows(1, 10_200));
  });

  it("takes a record larger than a second's bytes when it is full, and is then in debt", () => {
    const writes = new WriteThrottle();
    assert.ok(writes.admit(3 * MIB, 0));
    assert.ok(!writes.admit(1, 2000));
    assert.ok(writes.admit(1024, 2001));
  });

  it("refuses reads for as long as the bytes that went out take", () => {
    for (const [bytes, wait] of [
      [MIB, 0],
      [2 * MIB, 1000],
      [5 * MIB, 2500],
      [10 * MIB, 5000],
    ]) {
      const reads = new ReadThrottle();
      assert.ok(reads.admit(0));
      reads.spend(bytes, 0);
      assert.equal(reads.admit(Math.max(0, wait - 1)), wait === 0);
      assert.ok(reads.admit(wait));
    }
  });
});

describe("a Kinesis shard", () => {
  it("numbers records so that text and number have one order, and reads positions back", () => {
    const sequence = new Sequence(Date.UTC(2026, 0, 31), 3);
    const position = fc.nat(Number.MAX_SAFE_INTEGER);
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [first, second] = [sequence.format(a), sequence.format(b)];
        assert.equal(first < second, a < b);
        assert.equal(BigInt(first) < BigInt(second), a < b);
        assert.equal(sequence.parse(first), a);
        assert.equal(new Sequence(Date.UTC(2026, 0, 31), 4).parse(first), undefined);
      }),
    );
  });

  it("returns the records that were put, with any page size and retention", () => {
    const arrivals = fc.array(fc.nat(50), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 30 }), fc.nat(400), fc.nat(3000), (waits, limit, retention, later) => {
        const shard = new Shard(0, whole, 0, retention);
        let now = 0;
        const times = waits.map((wait, i) => {
          now += wait;
          shard.append("k", base64(`${i}`), now);
          return now;
        });
        now += later;
        const kept = times.flatMap((time, i) => (time >= now - retention ? [`${i}`] : []));
        const found: string[] = [];
        for (let next = 1, more = true; more;) {
          const slice = shard.read(next, limit, now);
          found.push(...slice.records.map(({ data }) => Buffer.from(data, "base64").toString()));
          more = slice.next < shard.tip;
          assert.equal(slice.behindMs > 0, more);
          next = slice.next;
        }
        assert.deepEqual(found, kept);
        const middle = times[Math.floor(times.length / 2)];
        const since = times.findIndex((time) => time >= Math.max(middle, now - retention));
        assert.equal(shard.since(middle, now), since < 0 ? times.length + 1 : since + 1);
      }),
    );
  });
});
