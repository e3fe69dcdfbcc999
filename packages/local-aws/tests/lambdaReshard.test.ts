import { strict as assert } from "node:assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KinesisClient, UpdateShardCountCommand } from "@aws-sdk/client-kinesis";
import { hashKeyOf } from "../src/kinesis/hashRanges";
import { eventually } from "../testing/eventually";
import { merge, SHARD_DIGITS, split, statusOf } from "../testing/kinesis";
import { handlerOf, LambdaBench, LOG, READ } from "./support/lambda";

const QUARTER = 2n ** 126n;
const HALF = 2n * QUARTER;
const KEYS = 12;
/** Keeps invocations a little apart, so that the log tells their order. */
const SLOWLY = "await new Promise((resolve) => setTimeout(resolve, 5));";

/** Records of one round, several for each key. */
const round = (name: string): string[] => Array.from({ length: 4 * KEYS }, (_, i) => `key${i % KEYS}:${name}${i}`);

describe("the local event source mapping of a stream that is resharded", () => {
  let folder: string;
  let bench: LambdaBench;
  let client: KinesisClient;
  let put: string[];
  let numbers: string[];
  const open = async (body = SLOWLY): Promise<void> => {
    bench = await LambdaBench.open(folder);
    client = new KinesisClient({ ...bench.running.client, maxAttempts: 1 });
    await bench.role([READ, LOG]);
    await bench.deploy(handlerOf(body), { timeout: 5 });
  };
  const close = async (): Promise<void> => {
    client.destroy();
    await bench.close();
  };
  beforeEach(async () => {
    [put, numbers] = [[], []];
    folder = await mkdtemp(join(tmpdir(), "c360-test-"));
  });
  afterEach(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
  });
  const send = async (...texts: string[]): Promise<void> => {
    put.push(...texts);
    numbers.push(...(await bench.put(...texts)));
  };
  const active = () => eventually(async () => assert.equal(await statusOf(client, "clicks"), "ACTIVE"));
  /** Asserts that nothing was pending before the last record's checkpoint, and that each key's records came once, in order. */
  const assertOnceInOrder = async (): Promise<void> => {
    await bench.untilDone();
    const reached = new Map<string, unknown>();
    for await (const { shard, sequenceNumber } of bench.running.cloud.store("lambda").replay("checkpoints")) {
      reached.set(String(shard), sequenceNumber);
    }
    const last = new Map([...numbers].sort().map((number) => [number.slice(0, SHARD_DIGITS), number]));
    assert.deepEqual([...reached.values()].sort(), [...last.values()].sort());
    await eventually(async () => assert.ok((await bench.seen()).flat().length >= put.length));
    const seen = (await bench.seen()).flat();
    assert.deepEqual([...seen].sort(), [...put].sort());
    for (let key = 0; key < KEYS; key++) {
      const mine = (text: string): boolean => text.startsWith(`key${key}:`);
      assert.deepEqual(seen.filter(mine), put.filter(mine));
    }
  };

  it("brings what came before, during and after splits and merges once, and keeps each key's order", async () => {
    await open();
    await bench.surroundings();
    await bench.map({ batchSize: 5, parallelizationFactor: 2 });
    const steps = [
      () => split(client, "clicks", 0, HALF),
      () => split(client, "clicks", 1, QUARTER),
      () => merge(client, "clicks", 4, 2),
      () => client.send(new UpdateShardCountCommand({ StreamName: "clicks", TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" })),
    ];
    for (const [i, step] of steps.entries()) {
      await send(...round(`before${i}-`));
      await step();
      await send(...round(`during${i}-`));
      await active();
      await send(...round(`after${i}-`));
    }
    await assertOnceInOrder();
  });

  it("begins no child while a parent's batch is at work", async () => {
    const gate = join(folder, "gate");
    await open(`if (texts[0].endsWith(":held")) while (!require("fs").existsSync(${JSON.stringify(gate)})) ${SLOWLY}`);
    await bench.surroundings(2);
    await bench.map();
    const keyIn = (start: bigint): string => {
      for (let i = 0; ; i++) if (hashKeyOf(`key${i}`) >= start && hashKeyOf(`key${i}`) < start + HALF) return `key${i}`;
    };
    const [low, high] = [keyIn(0n), keyIn(HALF)];
    await send(`${low}:held`);
    await split(client, "clicks", 0, QUARTER);
    await active();
    await send(`${low}:next`);
    for (const other of [`${high}:1`, `${high}:2`, `${high}:3`]) {
      await send(other);
      await eventually(async () => assert.deepEqual((await bench.seen()).at(-1), [other]));
    }
    assert.ok(bench.running.pending(performance.now()) > 0);
    await writeFile(gate, "");
    await assertOnceInOrder();
  });

  it("goes on in parents and children after a restart", async () => {
    await open();
    await bench.surroundings();
    await send(...round("a"));
    await bench.map({ batchSize: 5 });
    await assertOnceInOrder();
    await split(client, "clicks", 0, HALF);
    await send(...round("b"));
    await active();
    await send(...round("c"));
    await bench.untilDone();
    await split(client, "clicks", 2, HALF + QUARTER);
    await close();
    await open();
    await send(...round("d"));
    await bench.map({ batchSize: 5 });
    await merge(client, "clicks", 1, 3);
    await active();
    await send(...round("e"));
    await assertOnceInOrder();
  });

  it("reads children from their beginning although it began at LATEST, after a restart too", async () => {
    await open();
    await bench.surroundings();
    await bench.put("key0:early");
    bench.jump(1);
    await bench.map({ startingPosition: "LATEST" });
    await split(client, "clicks", 0, HALF);
    await active();
    await send(...round("a"));
    await assertOnceInOrder();
    await close();
    await open();
    bench.jump(1);
    await split(client, "clicks", 1, QUARTER);
    await active();
    await send(...round("b"));
    await bench.map({ startingPosition: "LATEST" });
    await assertOnceInOrder();
  });
});
