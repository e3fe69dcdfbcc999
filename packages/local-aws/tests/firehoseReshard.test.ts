import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UpdateShardCountCommand } from "@aws-sdk/client-kinesis";
import { FirehoseBench, READ, WRITE } from "./support/firehose";
import { merge, split } from "../testing/kinesis";

const QUARTER = 2n ** 126n;
const HALF = 2n * QUARTER;
const UPDATE_MS = 30_000;

const round = (name: string): string[] => Array.from({ length: 30 }, (_, i) => `${name}-${i}`);

describe("the local Firehose on a stream that is resharded", () => {
  let folder: string;
  let bench: FirehoseBench;
  let put: string[];
  beforeEach(async () => {
    put = [];
    folder = await mkdtemp(join(tmpdir(), "c360-firehose-"));
  });
  afterEach(async () => {
    await bench.close();
    await rm(folder, { recursive: true, force: true });
  });
  const open = async (startAt?: number): Promise<void> => {
    bench = await FirehoseBench.open({ stateDir: folder }, startAt);
    await bench.makeRole([READ, WRITE]);
  };
  const send = async (name: string): Promise<void> => {
    put.push(...round(name));
    await bench.put(...round(name));
  };
  const reshard = async (request: Promise<unknown>): Promise<void> => {
    await request;
    await send(`during-${put.length}`);
    bench.clock.advance(UPDATE_MS);
    await send(`after-${put.length}`);
  };
  const scale = (TargetShardCount: number) =>
    bench.kinesis.send(new UpdateShardCountCommand({ StreamName: "events", TargetShardCount, ScalingType: "UNIFORM_SCALING" }));
  const assertDelivered = async (): Promise<void> => {
    await bench.untilDone();
    assert.deepEqual(await bench.lines(), [...put].sort());
  };

  it("delivers what came before, during and after splits and merges once", async () => {
    await open();
    await bench.makeSource();
    await bench.put("early");
    await bench.deliver();
    bench.running.startWorkers();
    await send("before");
    await reshard(split(bench.kinesis, "events", 0, HALF));
    await reshard(split(bench.kinesis, "events", 2, HALF + QUARTER));
    await assertDelivered();
    await reshard(merge(bench.kinesis, "events", 1, 3));
    await reshard(scale(4));
    await reshard(scale(3));
    await assertDelivered();
  });

  it("is not done before the children of an empty shard are read", async () => {
    await open();
    await bench.makeSource();
    await bench.deliver({ bufferingInterval: 0 });
    bench.running.startWorkers();
    await bench.untilDone();
    await split(bench.kinesis, "events", 0, HALF);
    bench.clock.advance(UPDATE_MS);
    await send("child");
    await assertDelivered();
  });

  it("starts at the end of every shard, whether open or closed", async () => {
    await open();
    await bench.makeSource();
    await bench.put("early");
    await split(bench.kinesis, "events", 0, HALF);
    bench.clock.advance(UPDATE_MS);
    await bench.put(...round("early"));
    bench.clock.advance(1000);
    await bench.deliver({ bufferingInterval: 0 });
    await send("late");
    bench.running.startWorkers();
    await assertDelivered();
  });

  it("goes on behind what it delivered after a restart, in parents and children", async () => {
    await open();
    await bench.makeSource();
    await bench.deliver();
    bench.running.startWorkers();
    await send("a");
    await reshard(split(bench.kinesis, "events", 0, HALF));
    await assertDelivered();
    await send("read");
    await bench.untilRead(30);
    await split(bench.kinesis, "events", 1, QUARTER);
    await send("unread");
    await bench.close();
    await open(bench.clock.now());
    await send("restarted");
    bench.running.startWorkers();
    await reshard(merge(bench.kinesis, "events", 2, 4));
    await assertDelivered();
  });
});
