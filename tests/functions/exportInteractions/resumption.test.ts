import * as assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { CountedEvent } from "../../../functions/exportInteractions/event";
import type { Json } from "../../../local/cloud/service";
import { BUCKETS } from "../../support/exportFunctions";
import { answerOf, eachWithExport, type ExportWorld, expectedLines, UPLOAD_PART } from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;
const WORK = "recommender/inflated/";

/** Lines that hardly shrink: each part is a unit of its own. */
function noise(): string {
  const line = (i: number) => `u${randomBytes(48).toString("base64")},i${i},${1_700_000_000 + i},watch\n`;
  return Array.from({ length: 180_000 }, (_, i) => line(i)).join("");
}

describe("the export, when inflating takes longer than an invocation", () => {
  const parts: Record<string, Buffer> = {};
  let world: ExportWorld;
  let exporter: SerializedFunction;
  let event: CountedEvent;

  before(() => {
    for (const name of ["a.gz", "b.gz", "c.gz"]) parts[name] = gzipSync(noise(), { level: 1 });
    assert.ok(Object.values(parts).every(({ length }) => length > 8.5 * MIB));
  });
  eachWithExport(async (...opened) => {
    [world, exporter] = opened;
    event = await world.parts(parts);
  });

  it("says how far it came, goes on from there with the same event, and does nothing twice", async () => {
    let passing: unknown;
    const isOther = ({ Key }: Json) => Key !== (passing ??= Key);
    const silence = world.cloud.faults.add({ service: "s3", operation: UPLOAD_PART, kind: "silence", when: isOther });
    const first = await exporter.invoke(event, 8000);
    silence.lift();
    const made = await world.keys(BUCKETS.cache, WORK);
    assert.deepEqual(made, [passing]);
    assert.deepEqual(first, { result: { decision: "unfinished", inflated: 1, of: 3 } });
    assert.equal(await world.openUploads(), 0);
    assert.equal(await world.found(), undefined);

    world.proxy.count();
    const { decision, uploaded, copied } = answerOf(await exporter.invoke(event));
    assert.equal(decision, "replaced");
    await world.checkExported(event, expectedLines(parts));
    const share = event.bytes / 3;
    assert.ok(uploaded > 1.9 * share && uploaded < 2.1 * share + 5 * MIB, `${uploaded} bytes uploaded`);
    assert.ok(copied > event.bytes - 6 * MIB);
    assert.equal((await world.keys(BUCKETS.cache, WORK)).length, 3);
  });

  it("leaves joining to the next invocation when less than half of its time is left", async () => {
    const answer = await exporter.invoke(event, 10_000);
    assert.deepEqual(answer, { result: { decision: "unfinished", inflated: 3, of: 3 } });
    const { uploaded } = answerOf(await exporter.invoke(event));
    assert.equal(uploaded, 5 * MIB);
    await world.checkExported(event, expectedLines(parts));
  });

  it("gives up when it gets nothing done at all", async () => {
    const silence = world.cloud.faults.add({ service: "s3", operation: UPLOAD_PART, kind: "silence" });
    const { error } = await exporter.invoke(event, 4000);
    silence.lift();
    assert.equal(error?.name, "OutOfTime");
    assert.equal(await world.openUploads(), 0);
  });
});
