import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { CountedEvent } from "../../../functions/exportInteractions/event";
import type { Json } from "@c360/local-aws";
import { BUCKETS } from "../../support/exportFunctions";
import { lines } from "../../support/exportParts";
import { answerOf, eachWithExport, type ExportWorld, expectedLines } from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;
const WORK = "recommender/inflated/";
const PUT = "PUT /{Bucket}/{Key+}";
const isWork = ({ Key }: Json) => String(Key).startsWith(WORK);

describe("the export, when inflating takes longer than an invocation", () => {
  const gz = (part: number) => gzipSync(lines(1000, part));
  /** A plain part between two others makes each of them a unit of its own. */
  const parts = { "a.gz": gz(1), b: lines(6 * MIB, 2), "c.gz": gz(3), d: lines(6 * MIB, 4), "e.gz": gz(5) };
  let world: ExportWorld;
  let exporter: SerializedFunction;
  let event: CountedEvent;

  eachWithExport(async (...opened) => {
    [world, exporter] = opened;
    event = await world.parts(parts);
  });

  it("says how far it came, goes on from there with the same event, and does nothing twice", async () => {
    let passing: unknown;
    const isOther = (input: Json) => isWork(input) && input.Key !== (passing ??= input.Key);
    const silence = world.cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: isOther });
    const first = await exporter.invoke(event, 8000);
    silence.remove();
    const made = await world.keys(BUCKETS.cache, WORK);
    assert.deepEqual(made, [passing]);
    assert.deepEqual(first, { result: { decision: "unfinished", inflated: 1, of: 3 } });
    assert.equal(await world.openUploads(), 0);
    assert.equal(await world.found(), undefined);

    const written: unknown[] = [];
    const look = (input: Json) => isWork(input) && written.push(input.Key) < 0;
    world.cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: look });
    assert.equal(answerOf(await exporter.invoke(event)).decision, "replaced");
    await world.checkExported(event, expectedLines(parts));
    assert.deepEqual([...written, passing].sort(), await world.keys(BUCKETS.cache, WORK));
    assert.equal(written.length, 2);
  });

  it("leaves joining to the next invocation when less than half of its time is left", async () => {
    const answer = await exporter.invoke(event, 10_000);
    assert.deepEqual(answer, { result: { decision: "unfinished", inflated: 3, of: 3 } });
    assert.equal(await world.found(), undefined);
    answerOf(await exporter.invoke(event));
    await world.checkExported(event, expectedLines(parts));
  });

  it("gives up when it gets nothing done at all", async () => {
    const silence = world.cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: isWork });
    const { error } = await exporter.invoke(event, 4000);
    silence.remove();
    assert.equal(error?.name, "OutOfTime");
    assert.equal(await world.openUploads(), 0);
  });
});
