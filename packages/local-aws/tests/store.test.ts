import { strict as assert } from "node:assert";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "../src/clock";
import type { Json } from "../src/service";
import { openStore } from "../src/store";
import { ManualClock } from "../testing/manualClock";

const all = async (entries: AsyncIterable<Json>): Promise<Json[]> => {
  const found: Json[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

describe("store", () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "local-aws-store-"))));
  afterEach(() => rm(folder, { recursive: true }));

  it("replays what was appended, in order, from another process's view too", async () => {
    const store = openStore(join(folder, "s"));
    await Promise.all(Array.from({ length: 1000 }, (_, n) => store.append("log", { n })));
    await store.append("log", { n: 1000 });
    assert.deepEqual(
      await all(openStore(join(folder, "s")).replay("log")),
      Array.from({ length: 1001 }, (_, n) => ({ n })),
    );
    assert.deepEqual(await all(store.replay("other")), []);
  });

  it("leaves out a last line that was cut off and names a broken one", async () => {
    const store = openStore(folder);
    await store.append("log", { n: 1 });
    await appendFile(join(folder, "log.ndjson"), '{"n":2');
    assert.deepEqual(await all(store.replay("log")), [{ n: 1 }]);
    await appendFile(join(folder, "log.ndjson"), "\n{}\n");
    await assert.rejects(all(store.replay("log")), /log\.ndjson:2 must be one JSON object a line/);
  });

  it("fails an append that cannot be written and takes the next one", async () => {
    const store = openStore(join(folder, "late"));
    await store.append("log", { n: 1 });
    await rm(join(folder, "late"), { recursive: true });
    await appendFile(join(folder, "late"), "a file in the way");
    await assert.rejects(store.append("log", { n: 2 }));
    await rm(join(folder, "late"));
    await store.append("log", { n: 3 });
    assert.deepEqual(await all(store.replay("log")), [{ n: 3 }]);
  });
});

describe("clocks", () => {
  it("ends a sleep when the signal aborts", async () => {
    const end = new AbortController();
    const slept = realClock(60).sleep(3_600_000, end.signal);
    end.abort();
    await assert.rejects(slept, { name: "AbortError" });
  });

  it("wakes sleepers of the manual clock in order of time", async () => {
    const clock = new ManualClock(0);
    const woken: number[] = [];
    const sleeps = [30, 10, 20].map((ms) => clock.sleep(ms, new AbortController().signal).then(() => woken.push(ms)));
    clock.advance(20);
    await Promise.all(sleeps.slice(1));
    assert.deepEqual([woken, clock.now(), clock.sleeping], [[10, 20], 20, 1]);
  });
});
