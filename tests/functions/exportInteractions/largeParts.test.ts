import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ServiceError, type Json } from "@c360/local-aws";
import { startBreakingProxy } from "../../support/breakingProxy";
import { CERTIFICATE_FILE, startCountingProxy } from "../../support/countingProxy";
import { eventually } from "@c360/local-aws/testing";
import { BUCKETS } from "../../support/exportFunctions";
import { lines } from "../../support/exportParts";
import { answerOf, eachWithExport, expectedLines, type ExportWorld, partKey } from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;
const GET = "GET /{Bucket}/{Key+}";
const RUN_ID = "0123456789ab-1";
const headersOf = ({ headers }: Json) => headers as Record<string, string | undefined>;
const isDownload = (input: Json) => headersOf(input).connection === "close";
/** More than 4 MiB as stored. */
const PARTS = { "a.gz": gzipSync(lines(12 * MIB, 1), { level: 0 }), "b.gz": gzipSync(lines(MIB, 2)) };
const LARGE = partKey(RUN_ID, "a.gz");

describe("the export, when a gzip part is large", () => {
  let world: ExportWorld;
  let exporter: SerializedFunction;

  eachWithExport((...opened) => ([world, exporter] = opened));

  /** Ranges of the reads, told of every GET of the large part: those over a connection of their own, and the SDK's. */
  const watchReads = () => {
    const reads = { own: [] as (string | undefined)[], sdk: [] as (string | undefined)[] };
    const when = (input: Json) => {
      const { range } = headersOf(input);
      if (String(input.Key) === LARGE && range !== "bytes=0-8191") reads[isDownload(input) ? "own" : "sdk"].push(range);
      return false;
    };
    world.cloud.faults.inject({ service: "s3", operation: GET, kind: "silence", when });
    return reads;
  };

  it("reads it over a connection of its own", async () => {
    const event = await world.parts(PARTS);
    const reads = watchReads();
    answerOf(await exporter.invoke(event));
    await world.checkExported(event, expectedLines(PARTS));
    assert.deepEqual(reads, { own: ["bytes=0-"], sdk: [] });
  });

  it("reads it over TLS", async () => {
    const event = await world.parts(PARTS);
    const proxy = await startCountingProxy(world.cloud.cloud.endpoint, true);
    try {
      const secure = await world.load({ AWS_ENDPOINT_URL: proxy.url, NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE });
      const reads = watchReads();
      answerOf(await secure.invoke(event));
      await world.checkExported(event, expectedLines(PARTS));
      assert.deepEqual(reads, { own: ["bytes=0-"], sdk: [] });
      assert.ok(proxy.count().down > 12 * MIB);
    } finally {
      await proxy.stop();
    }
  });

  it("leaves it to the SDK when S3 refuses it that way", async () => {
    const event = await world.parts(PARTS);
    const unavailable = new ServiceError("SlowDown", "Please reduce your request rate.", 503);
    const refused = world.cloud.faults.inject({ service: "s3", operation: GET, kind: unavailable, when: isDownload });
    const reads = watchReads();
    answerOf(await exporter.invoke(event));
    await world.checkExported(event, expectedLines(PARTS));
    assert.deepEqual([refused.injected, reads.sdk], [1, ["bytes=0-"]]);
  });

  it("goes on where it broke off", async () => {
    const event = await world.parts(PARTS);
    const proxy = await startBreakingProxy(world.cloud.cloud.endpoint, { path: `/${BUCKETS.cache}/${LARGE}`, bytes: 3 * MIB, times: 2 });
    try {
      const reads = watchReads();
      answerOf(await (await world.load({ AWS_ENDPOINT_URL: proxy.url })).invoke(event));
      await world.checkExported(event, expectedLines(PARTS));
      assert.equal(proxy.broken(), 2);
      const all = [...reads.own, ...reads.sdk];
      const starts = all.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
      assert.equal(starts.length, 3);
      assert.equal(starts[0], 0);
      assert.ok(starts[1] >= 2 * MIB && starts[2] >= starts[1] + 2 * MIB, String(starts));
    } finally {
      await proxy.stop();
    }
  });

  for (const [what, change, message] of [
    ["changes", () => world.put(BUCKETS.cache, LARGE, gzipSync(lines(12 * MIB, 7), { level: 0 })), "but it changed"],
    ["vanishes", () => world.remove(BUCKETS.cache, LARGE), "but it is not there"],
  ] as const) {
    it(`names it when it ${what} before it is read`, async () => {
      const event = await world.parts(PARTS);
      const silence = world.cloud.faults.inject({ service: "s3", operation: GET, kind: "silence", when: isDownload });
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
    const silence = world.cloud.faults.inject({ service: "s3", operation: GET, kind: "silence", when: isDownload });
    assert.equal((await exporter.invoke(event, 3000)).error?.name, "OutOfTime");
    silence.remove();
    assert.equal(await world.openUploads(), 0);
  });
});
