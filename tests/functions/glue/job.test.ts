import * as assert from "node:assert/strict";
import { GlueClient, StartJobRunCommand, BatchStopJobRunCommand, GetJobRunCommand, type JobRun } from "@aws-sdk/client-glue";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { crc32, gzipSync } from "node:zlib";
import { type Json, logs, makeGlue } from "@c360/local-aws";
import { eventually, needPython, textAsset } from "@c360/local-aws/testing";
import type { CountedEvent } from "../../../functions/exportInteractions/event";
import { BUCKETS } from "../../support/deployedExports";
import { expectedLines, ExportFixture, GET, MANIFEST_FILE, TARGET, UPLOAD_PART } from "../../support/exportFixture";
import { COLUMNS, lines } from "../../support/exportParts";
import { argumentsOf, GlueEngine, jobError, scriptTexts } from "../../support/glueEngine";
import { LambdaEngine } from "../../support/lambdaEngine";

const MIB = 1024 ** 2;
const headerOf = ({ headers }: Json, name: string) => (headers as Record<string, string | undefined>)[name];

describe("the export's Glue job with the local Glue, under its own role", () => {
  let fixture: ExportFixture;
  let engine: GlueEngine;
  let glue: GlueClient;

  before(async function () {
    const interpreter = await needPython(this);
    engine = await GlueEngine.deploy(interpreter);
    const python = () => Promise.resolve({ interpreter });
    fixture = await ExportFixture.open(engine, [logs, makeGlue({ startMs: 0, python })]);
    const { cloud } = fixture.cloud;
    const { inputs } = engine.job;
    await cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKETS.infra }, "urn:infra");
    for (const [key, text] of Object.entries(scriptTexts(engine.job))) {
      await cloud.create("aws:s3/bucketObjectv2:BucketObjectv2", { bucket: BUCKETS.infra, key, source: textAsset(text) }, `urn:${key}`);
    }
    for (const name of ["output", "error"].map((of) => `${inputs.defaultArguments["--custom-logGroup-prefix"]}/${of}`)) {
      await cloud.create("aws:cloudwatch/logGroup:LogGroup", { name }, `urn:${name}`);
    }
    const roleArn = `arn:aws:iam::${cloud.account}:role/${engine.name}`;
    await cloud.create("aws:glue/job:Job", { ...inputs, roleArn }, "urn:job");
    glue = new GlueClient({ ...fixture.cloud.client, maxAttempts: 1 });
  });
  beforeEach(() => fixture?.reset());
  after(async () => {
    glue?.destroy();
    await fixture?.close();
  });

  const start = async (event: CountedEvent) => {
    const { JobRunId = "" } = await glue.send(new StartJobRunCommand({ JobName: engine.job.inputs.name, Arguments: argumentsOf(event) }));
    return JobRunId;
  };
  const ended = (RunId: string): Promise<JobRun> =>
    eventually(
      async () => {
        const { JobRun } = await glue.send(new GetJobRunCommand({ JobName: engine.job.inputs.name, RunId }));
        assert.ok(JobRun?.CompletedOn);
        return JobRun;
      },
      { everyMs: 50 },
    );

  const ids = `"a,b","c""d",1700000000,watch\n🎬 1,${"é".repeat(256)},1700000001,like\n`;
  const every = {
    header: `${COLUMNS}\n${ids}`,
    open: "u,i,1700000002,watch",
    crlf: `${COLUMNS}\r\nv,j,1700000003,watch\r\nw,k,1700000004,watch`,
    empty: "",
    "header.gz": gzipSync(`${COLUMNS}\nx,l,1700000005,watch`),
    "members.gz": Buffer.concat([gzipSync(ids), gzipSync(`${COLUMNS}\r\n${ids}`)]),
    "empty.gz": gzipSync(""),
    "nothing.gz": "",
    last: `${COLUMNS}\n`,
    "with space+plus": ids,
    large: lines(7 * MIB, 1),
  };

  it("writes the same CSV and the same manifest of any parts as the Lambda function, and answers alike", async () => {
    const event = await fixture.parts(every);
    const exported = async () => {
      await fixture.checkExported(event, expectedLines(every));
      const [csv, file] = [await fixture.found(), await fixture.found(MANIFEST_FILE)];
      return { csv: { ...csv, etag: "" }, file: { ...file, etag: "", text: file?.text.replace(csv?.etag ?? "", "ETAG") } };
    };
    const RunId = await start(event);
    const run = await ended(RunId);
    assert.equal(run.JobRunState, "SUCCEEDED", run.ErrorMessage);
    const byJob = await exported();
    assert.match(byJob.file.text ?? "", /ETAG/);
    const bytes = event.bytes + COLUMNS.length + 1;
    const { cloud, owner } = fixture.cloud;
    const log = await cloud.call(owner, "logs", "GetLogEvents", { logGroupName: `${run.LogGroupName}/output`, logStreamName: RunId });
    const [{ message }] = (log.output as { events: { message: string }[] }).events;
    const { seconds, requests, ...figures } = JSON.parse(message) as Record<string, unknown>;
    assert.deepEqual(figures, { decision: "replaced", reason: "noTarget", bytes, parts: 11, uploaded: bytes });
    assert.deepEqual([typeof seconds, typeof requests], ["number", "number"]);
    const again = await fixture.answer(event);
    assert.deepEqual([again.decision, again.reason], ["kept", "sameRun"]);

    for (const key of [TARGET, MANIFEST_FILE]) await fixture.remove(BUCKETS.downstream, key);
    const lambda = await ExportFixture.open(await LambdaEngine.deploy());
    try {
      const run = await lambda.parts(every);
      const byFunction = await lambda.answer(run);
      await lambda.checkExported(event, expectedLines(every));
      const [csv, file] = [await lambda.found(), await lambda.found(MANIFEST_FILE)];
      assert.deepEqual(
        { csv: { ...csv, etag: "" }, file: { ...file, etag: "", text: file?.text.replace(csv?.etag ?? "", "ETAG") } },
        byJob,
      );
      assert.deepEqual(Object.keys(again), Object.keys(await lambda.answer(run)));
      assert.deepEqual(again.manifest, byFunction.manifest);
      assert.equal(byFunction.parts, 11);
    } finally {
      await lambda.close();
    }
  });

  it("uploads and copies what is large in parts, which S3 verifies by their CRC32", async () => {
    const parts = Object.fromEntries([0, 1].map((i) => [`part-${i}.gz`, gzipSync(lines(12 * MIB, i))]));
    const event = await fixture.parts(parts);
    const sent: Json[] = [];
    fixture.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence", when: (input) => sent.push(input) < 0 });
    const size = event.bytes + COLUMNS.length + 1;
    const { etag, manifest, requests, ...answer } = await fixture.answer(event);
    assert.deepEqual(answer, {
      ...{ decision: "replaced", reason: "noTarget", key: TARGET, bytes: size, parts: 2, copied: size, uploaded: size },
    });
    assert.ok(etag === (await fixture.found())?.etag && manifest.bytes === size && requests > 10);
    await fixture.checkExported(event, expectedLines(parts));
    const ranges = sent.flatMap((input) => headerOf(input, "x-amz-copy-source-range") ?? []);
    const ends = Array.from({ length: 3 }, (_, i) => Math.floor((size * i) / 3));
    const expected = [0, 1, 2].map((i) => `bytes=${ends[i]}-${(ends[i + 1] ?? size) - 1}`);
    assert.deepEqual(ranges.sort(), expected.sort());
    assert.equal(sent.length - ranges.length, 5);
    const head = new HeadObjectCommand({ Bucket: BUCKETS.downstream, Key: TARGET, ChecksumMode: "ENABLED" });
    const { ChecksumType, ChecksumCRC32 } = await fixture.client.send(head);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(`${COLUMNS}\n${expectedLines(parts)}`));
    assert.deepEqual([ChecksumType, ChecksumCRC32], ["FULL_OBJECT", crc.toString("base64")]);
  });

  it("joins many more parts than it reads at a time", async () => {
    const parts = Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`part-${i}`, lines(i % 7 === 0 ? 20_000 : 300, i)]));
    const event = await fixture.parts(parts);
    assert.equal((await fixture.answer(event)).parts, 41);
    await fixture.checkExported(event, expectedLines(parts));
  });

  it("ends with the name of its error, when it is stopped, and when it may not read its script", async () => {
    const event = await fixture.parts({ a: lines(1000, 0) });
    const wrong = await ended(await start({ ...event, bytes: event.bytes + 1 }));
    assert.deepEqual([wrong.JobRunState, jobError(wrong.ErrorMessage ?? "").name], ["FAILED", "WrongSize"]);

    const silence = fixture.cloud.faults.inject({
      service: "s3",
      operation: GET,
      kind: "silence",
      when: ({ Bucket }) => Bucket === BUCKETS.cache,
    });
    const RunId = await start(event);
    await eventually(() => assert.ok(silence.injected > 0));
    await glue.send(new BatchStopJobRunCommand({ JobName: engine.job.inputs.name, JobRunIds: [RunId] }));
    assert.equal((await ended(RunId)).JobRunState, "STOPPED");
    silence.remove();

    await fixture.allow((statement) => (statement.Sid === "ReadScript" ? [] : [statement]));
    const { ErrorMessage = "" } = await ended(await start(event));
    assert.match(ErrorMessage, /^LAUNCH ERROR .* is not authorized to perform s3:GetObject on .*\.py: /);
    assert.equal(await fixture.found(), undefined);
  });
});
