import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Json } from "@c360/local-aws";
import { startBreakingProxy } from "../../support/breakingProxy";
import { eventually } from "@c360/local-aws/testing";
import { BUCKETS } from "../../support/exportFunctions";
import { lines } from "../../support/exportParts";
import { answerOf, eachWithExport, expectedLines, type ExportWorld, partKey } from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;
const GET = "GET /{Bucket}/{Key+}";
const RUN_ID = "0123456789ab-1";
/** Larger than one read as stored. */
const PARTS = { "a.gz": gzipSync(lines(12 * MIB, 1), { level: 0 }), "b.gz": gzipSync(lines(MIB, 2)) };
const LARGE = partKey(RUN_ID, "a.gz");
const isReadOfEnd = ({ Key, headers }: Json) =>
  Key === LARGE && (headers as Record<string, string | undefined>).range?.startsWith(`bytes=${8 * MIB}-`) === true;

describe("the export, when a gzip part is large", () => {
  let world: ExportWorld;
  let exporter: SerializedFunction;

  eachWithExport((...opened) => ([world, exporter] = opened));

  it("reads it in ranges, and again those that break off", async () => {
    const event = await world.parts(PARTS);
    const proxy = await startBreakingProxy(world.cloud.cloud.endpoint, { path: `/${BUCKETS.cache}/${LARGE}`, bytes: 3 * MIB, times: 2 });
    try {
      answerOf(await (await world.load({ AWS_ENDPOINT_URL: proxy.url })).invoke(event));
      await world.checkExported(event, expectedLines(PARTS));
      assert.equal(proxy.broken(), 2);
    } finally {
      await proxy.stop();
    }
  });

  for (const [what, change, message] of [
    ["changes", () => world.put(BUCKETS.cache, LARGE, gzipSync(lines(12 * MIB, 7), { level: 0 })), "but it changed"],
    ["vanishes", () => world.remove(BUCKETS.cache, LARGE), "but it is not there"],
  ] as const) {
    it(`names it when it ${what} while it is read`, async () => {
      const event = await world.parts(PARTS);
      const silence = world.cloud.faults.inject({ service: "s3", operation: GET, kind: "silence", when: isReadOfEnd });
      const exported = exporter.invoke(event);
      await eventually(() => assert.ok(silence.injected > 0));
      await change();
      silence.remove();
      const { error } = await exported;
      assert.deepEqual([error?.name, error?.message.endsWith(message)], ["PartChanged", true], JSON.stringify(error));
      assert.equal(await world.openUploads(), 0);
    });
  }

  it("ends in time while it waits for it", async () => {
    const event = await world.parts(PARTS);
    const silence = world.cloud.faults.inject({ service: "s3", operation: GET, kind: "silence", when: isReadOfEnd });
    assert.equal((await exporter.invoke(event, 3000)).error?.name, "OutOfTime");
    silence.remove();
    assert.equal(await world.openUploads(), 0);
  });
});
