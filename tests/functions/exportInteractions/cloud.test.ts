import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Json } from "@c360/local-aws";
import { startCountingProxy } from "../../support/countingProxy";
import { BUCKETS } from "../../support/deployedExports";
import { expectedLines, ExportFixture, PUT, TARGET, UPLOAD_PART } from "../../support/exportFixture";
import { COLUMNS, lines } from "../../support/exportParts";
import { LambdaEngine } from "../../support/lambdaEngine";

const MIB = 1024 ** 2;
const STAGED = "recommender/inflated/";
const isStaged = ({ Key }: Json) => String(Key).startsWith(STAGED);

describe("the export's archive with the local S3, under its own role", () => {
  let fixture: ExportFixture;

  before(async () => {
    fixture = await ExportFixture.open(await LambdaEngine.deploy());
  });
  beforeEach(() => fixture.reset());
  after(() => fixture.close());

  it("lets S3 copy the parts: little more than 5 MiB pass through the function", async () => {
    const parts = Object.fromEntries([0, 1, 2].map((i) => [`part-${i}`, lines(12 * MIB, i)]));
    const event = await fixture.parts(parts);
    const proxy = await startCountingProxy(fixture.cloud.cloud.endpoint);
    const { manifest, requests, ...answer } = await fixture.answer(event, { endpoint: proxy.url });
    const { down, up } = proxy.count();
    await proxy.stop();
    await fixture.checkExported(event, expectedLines(parts));
    const bytes = event.bytes + COLUMNS.length + 1;
    assert.deepEqual(answer, {
      ...{ decision: "replaced", reason: "noTarget", key: TARGET, etag: (await fixture.found())?.etag, bytes },
      ...{ parts: 3, uploaded: 5 * MIB, copied: bytes - 5 * MIB },
    });
    assert.ok(requests > 10);
    assert.equal(manifest.bytes, bytes);
    assert.ok(down > 5 * MIB && down < 5.1 * MIB, `${down} bytes down`);
    assert.ok(up > 5 * MIB && up < 5.1 * MIB, `${up} bytes up`);
  });

  it("inflates gzip parts to a plain object in cache, which S3 copies", async () => {
    const parts = Object.fromEntries([0, 1, 2].map((i) => [`part-${i}.gz`, gzipSync(lines(12 * MIB, i))]));
    const event = await fixture.parts(parts);
    const sent: Record<string, string>[] = [];
    const look = ({ headers }: Json) => sent.push(headers as Record<string, string>) < 0;
    fixture.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence", when: look });
    const { copied, uploaded, bytes } = await fixture.answer(event);
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
    await fixture.checkExported(event, expectedLines(parts));
    const [staged, ...others] = await fixture.keys(BUCKETS.cache, STAGED);
    assert.match(staged, new RegExp(`^${STAGED}${event.runId}/[0-9a-f]{32}\\.csv$`));
    assert.deepEqual(others, []);
  });

  it("rewrites the parts that it must, and copies the others as they are", async () => {
    const crlf = lines(MIB, 1).replaceAll("\n", "\r\n");
    const parts = { a: lines(12 * MIB, 0), b: crlf, c: lines(12 * MIB, 2), "d.gz": gzipSync(lines(7 * MIB, 3)), e: lines(6 * MIB, 4) };
    const event = await fixture.parts(parts);
    const { copied, uploaded, bytes } = await fixture.answer(event);
    await fixture.checkExported(event, expectedLines(parts));
    const rewritten = Buffer.byteLength(lines(MIB, 1) + lines(7 * MIB, 3));
    assert.equal(copied + uploaded, bytes + rewritten);
    assert.ok(uploaded < rewritten + 15 * MIB, `${uploaded} bytes uploaded`);
  });

  it("joins many more small parts than it reads at a time", async () => {
    const parts = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`part-${i}`, lines(i % 7 === 0 ? 20_000 : 300, i)]));
    const event = await fixture.parts(parts);
    assert.equal((await fixture.answer(event)).parts, 101);
    await fixture.checkExported(event, expectedLines(parts));
  });

  describe("when an invocation is too short to inflate all parts", () => {
    const gz = (part: number) => gzipSync(lines(1000, part));
    /** A plain part between two others makes each of them a group of its own. */
    const parts = { "a.gz": gz(1), b: lines(6 * MIB, 2), "c.gz": gz(3), d: lines(6 * MIB, 4), "e.gz": gz(5) };

    it("answers how far it came, goes on from there with the same event, and does nothing twice", async () => {
      const event = await fixture.parts(parts);
      let passing: unknown;
      const isOther = (input: Json) => isStaged(input) && input.Key !== (passing ??= input.Key);
      const silence = fixture.cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: isOther });
      const first = await fixture.answer(event, { milliseconds: 8000 });
      silence.remove();
      assert.deepEqual(first, { decision: "unfinished", inflated: 1, of: 3 });
      assert.deepEqual(await fixture.keys(BUCKETS.cache, STAGED), [passing]);
      assert.equal(await fixture.openUploads(), 0);
      assert.equal(await fixture.found(), undefined);

      const written: unknown[] = [];
      const look = (input: Json) => isStaged(input) && written.push(input.Key) < 0;
      fixture.cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: look });
      assert.equal(await fixture.decision(event), "replaced: noTarget");
      await fixture.checkExported(event, expectedLines(parts));
      assert.deepEqual([...written, passing].sort(), await fixture.keys(BUCKETS.cache, STAGED));
      assert.equal(written.length, 2);
    });

    it("leaves joining to the next invocation if less than half of its time is left", async () => {
      const event = await fixture.parts(parts);
      assert.deepEqual(await fixture.answer(event, { milliseconds: 10_000 }), { decision: "unfinished", inflated: 3, of: 3 });
      assert.equal(await fixture.found(), undefined);
      await fixture.answer(event);
      await fixture.checkExported(event, expectedLines(parts));
    });

    it("fails if it got nothing done", async () => {
      const event = await fixture.parts(parts);
      fixture.cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: isStaged });
      await fixture.checkFails(event, "OutOfTime", /^The export must end within/, { milliseconds: 4000 });
    });
  });
});
