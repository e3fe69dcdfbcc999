import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { answerOf, expectedLines, eachWithExport, type ExportWorld, UPLOAD_PART } from "../../support/exportWorld";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS, lines } from "../../support/exportParts";
import type { Json } from "@c360/local-aws";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;

describe("the export's archive with the local S3, under its own role", () => {
  let world: ExportWorld;
  let exporter: SerializedFunction;

  eachWithExport((...opened) => ([world, exporter] = opened));

  it("lets S3 copy the parts: little more than 5 MiB go through the function", async () => {
    const parts = Object.fromEntries([0, 1, 2].map((i) => [`part-${i}`, lines(12 * MIB, i)]));
    const event = await world.parts(parts);
    const answer = answerOf(await exporter.invoke(event));
    const { down, up } = world.proxy.count();
    await world.checkExported(event, expectedLines(parts));
    const csv = await world.found();
    const { etag, key, decision, reason, bytes, copied, uploaded, parts: count } = answer;
    assert.deepEqual(
      { key, decision, reason, etag, bytes, count, uploaded, copied },
      {
        key: "recommender/personalize_input.csv",
        decision: "replaced",
        reason: "noTarget",
        etag: csv?.etag,
        bytes: event.bytes + COLUMNS.length + 1,
        count: 3,
        uploaded: 5 * MIB,
        copied: event.bytes + COLUMNS.length + 1 - 5 * MIB,
      },
    );
    assert.ok(down > 5 * MIB && down < 5.1 * MIB, `${down} bytes down`);
    assert.ok(up > 5 * MIB && up < 5.1 * MIB, `${up} bytes up`);
  });

  it("inflates gzip parts into a plain object beside them, which S3 copies", async () => {
    const parts = Object.fromEntries([0, 1, 2].map((i) => [`part-${i}.gz`, gzipSync(lines(12 * MIB, i))]));
    const event = await world.parts(parts);
    const sent: Record<string, string>[] = [];
    const look = ({ headers }: Json) => sent.push(headers as Record<string, string>) < 0;
    world.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence", when: look });
    const { copied, uploaded, bytes } = answerOf(await exporter.invoke(event));
    assert.deepEqual([copied, uploaded], [bytes - 5 * MIB, event.bytes + 5 * MIB]);
    const bodies = sent.filter((headers) => headers["x-amz-copy-source"] === undefined);
    assert.deepEqual(
      bodies.map((headers) => Number(headers["content-length"])).sort((one, other) => other - one),
      [12, 12, 12].map((mebibytes) => mebibytes * MIB).concat(5 * MIB, event.bytes - 36 * MIB),
    );
    assert.ok(bodies.every((headers) => headers["x-amz-content-sha256"] === "UNSIGNED-PAYLOAD"));
    assert.deepEqual(
      bodies.map((headers) => headers["x-amz-checksum-crc32"] !== undefined),
      bodies.map((headers) => Number(headers["content-length"]) === 5 * MIB),
    );
    await world.checkExported(event, expectedLines(parts));
    const [work, ...others] = await world.keys(BUCKETS.cache, "recommender/inflated/");
    assert.match(work, new RegExp(`^recommender/inflated/${event.runId}/[0-9a-f]{32}\\.csv$`));
    assert.deepEqual(others, []);
  });

  it("rewrites the parts that it must and copies the others as they are", async () => {
    const crlf = lines(MIB, 1).replaceAll("\n", "\r\n");
    const parts = { a: lines(12 * MIB, 0), b: crlf, c: lines(12 * MIB, 2), "d.gz": gzipSync(lines(7 * MIB, 3)), e: lines(6 * MIB, 4) };
    const event = await world.parts(parts);
    const { copied, uploaded, bytes } = answerOf(await exporter.invoke(event));
    await world.checkExported(event, expectedLines(parts));
    const rewritten = Buffer.byteLength(lines(MIB, 1) + lines(7 * MIB, 3));
    assert.equal(copied + uploaded, bytes + rewritten);
    assert.ok(uploaded < rewritten + 15 * MIB, `${uploaded} bytes uploaded`);
  });

  it("joins more than 1000 small parts", async function () {
    const parts = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`part-${i}`, lines(i % 7 === 0 ? 20_000 : 300, i)]));
    const event = await world.parts(parts);
    assert.equal(answerOf(await exporter.invoke(event)).parts, 1001);
    await world.checkExported(event, expectedLines(parts));
  });

  it("takes headers, line ends and ids as parts may have them", async () => {
    const long = "é".repeat(256);
    const ids = `"a,b","c""d",1700000000,watch\n🎬 1,${long},1700000001,like\n`;
    const parts = {
      header: `${COLUMNS}\n${ids}`,
      open: "u,i,1700000002,watch",
      crlf: `${COLUMNS}\r\nv,j,1700000003,watch\r\nw,k,1700000004,watch`,
      empty: "",
      "header.gz": gzipSync(`${COLUMNS}\nx,l,1700000005,watch`),
      "empty.gz": gzipSync(""),
      "nothing.gz": "",
      last: `${COLUMNS}\n`,
      "with space+plus": ids,
    };
    const event = await world.parts(parts);
    assert.equal(event.rows, 8);
    answerOf(await exporter.invoke(event));
    await world.checkExported(event, expectedLines(parts));
  });
});
