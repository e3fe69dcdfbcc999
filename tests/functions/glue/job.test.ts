import * as assert from "node:assert/strict";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { crc32, gzipSync } from "node:zlib";
import type { Json } from "@c360/local-aws";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS, lines } from "../../support/exportParts";
import { answerOf, expectedLines, MANIFEST_FILE, TARGET, UPLOAD_PART } from "../../support/exportWorld";
import { eachWithGlue, type GlueWorld, jobAnswer, queryArguments } from "../../support/glueWorld";

const MIB = 1024 ** 2;
const SMALL = { UPLOAD_BYTES: 5 * MIB, COPY_BYTES: 12 * MIB };
const headerOf = ({ headers }: Json, name: string) => (headers as Record<string, string | undefined>)[name];

describe("the export's Glue job with the local S3, under its own role", () => {
  let world: GlueWorld;

  eachWithGlue((opened) => (world = opened));

  const ids = `"a,b","c""d",1700000000,watch\n🎬 1,${"é".repeat(256)},1700000001,like\n`;
  const every = {
    header: `${COLUMNS}\n${ids}`,
    open: "u,i,1700000002,watch",
    crlf: `${COLUMNS}\r\nv,j,1700000003,watch\r\nw,k,1700000004,watch`,
    empty: "",
    "header.gz": gzipSync(`${COLUMNS}\nx,l,1700000005,watch`),
    "members.gz": Buffer.concat([gzipSync(ids), gzipSync(`${COLUMNS}\r\n${ids}`)]),
    "empty.gz": gzipSync(""),
    last: `${COLUMNS}\n`,
    "with space+plus": ids,
    large: lines(7 * MIB, 1),
  };

  it("makes the lines of any parts one CSV, and answers", async () => {
    const event = await world.lambda.parts(every);
    const run = await world.run(queryArguments(event));
    await world.lambda.checkExported(event, expectedLines(every));
    const csv = await world.lambda.found();
    const bytes = event.bytes + COLUMNS.length + 1;
    const { requests, manifest, ...answer } = jobAnswer(run);
    const [decision, reason] = ["replaced", "noTarget"];
    assert.deepEqual(answer, { decision, reason, key: TARGET, etag: csv?.etag, bytes, parts: 10, copied: bytes, uploaded: bytes });
    const { runId, runDate, rows, users, items } = event;
    assert.deepEqual(manifest, { runId, runDate, rows, users, items, bytes, columns: COLUMNS.split(",") });
    assert.ok(requests > 10);
    const { seconds, ...figures } = run.error ? {} : run.figures;
    assert.deepEqual(figures, { decision, reason, bytes, parts: 10, uploaded: bytes, requests });
    assert.equal(typeof seconds, "number");
  });

  it("writes the same bytes as the Lambda function", async () => {
    const event = await world.lambda.parts(every);
    const found = async () => {
      const [csv, file] = [await world.lambda.found(), await world.lambda.found(MANIFEST_FILE)];
      const text = file?.text.replace(csv?.etag ?? "", "ETAG");
      assert.match(text ?? "", /ETAG/);
      return { csv: { ...csv, etag: "" }, file: { ...file, text, etag: "" } };
    };
    const byJob = jobAnswer(await world.run(queryArguments(event)));
    const written = await found();
    for (const key of [TARGET, MANIFEST_FILE]) await world.lambda.remove(BUCKETS.downstream, key);
    const byFunction = answerOf(await (await world.lambda.load()).invoke(event));
    assert.deepEqual(await found(), written);
    assert.deepEqual(Object.keys(byJob), Object.keys(byFunction));
    assert.deepEqual(byJob.manifest, byFunction.manifest);
    assert.equal(byJob.parts, byFunction.parts);
  });

  it("uploads and copies what is large in parts, which follow each other and are checked by their CRC32", async () => {
    const parts = Object.fromEntries([0, 1].map((i) => [`part-${i}.gz`, gzipSync(lines(12 * MIB, i))]));
    const event = await world.lambda.parts(parts);
    const sent: Json[] = [];
    const look = (input: Json) => sent.push(input) < 0;
    world.lambda.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence", when: look });
    jobAnswer(await world.run(queryArguments(event), SMALL));
    await world.lambda.checkExported(event, expectedLines(parts));
    const ranges = sent.flatMap((input) => headerOf(input, "x-amz-copy-source-range") ?? []);
    const size = event.bytes + COLUMNS.length + 1;
    const ends = Array.from({ length: 3 }, (_, i) => Math.floor((size * i) / 3));
    const expected = [0, 1, 2].map((i) => `bytes=${ends[i]}-${(ends[i + 1] ?? size) - 1}`);
    assert.deepEqual(ranges.sort(), expected.sort());
    assert.equal(sent.length - ranges.length, 5);
    assert.equal(await world.openUploads(BUCKETS.cache), 0);
    const head = new HeadObjectCommand({ Bucket: BUCKETS.downstream, Key: TARGET, ChecksumMode: "ENABLED" });
    const { ChecksumType, ChecksumCRC32 } = await world.lambda.client.send(head);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(`${COLUMNS}\n${expectedLines(parts)}`));
    assert.deepEqual([ChecksumType, ChecksumCRC32], ["FULL_OBJECT", crc.toString("base64")]);
  });

  it("joins many more parts than it reads at a time", async () => {
    const parts = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`part-${i}`, lines(i % 7 === 0 ? 20_000 : 300, i)]));
    const event = await world.lambda.parts(parts);
    assert.equal(jobAnswer(await world.run(queryArguments(event))).parts, 101);
    await world.lambda.checkExported(event, expectedLines(parts));
  });
});
