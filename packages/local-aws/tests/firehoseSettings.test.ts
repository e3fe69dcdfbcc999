import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { RecordBuffer, type Batch } from "../src/firehose/delivery";
import { checkErrorPrefix, compilePrefix } from "../src/firehose/prefix";
import { INPUTS, readSettings } from "../src/firehose/settings";
import type { Json } from "../src/service";
import { deliveryInputs } from "./support/firehose";
import { ManualClock } from "../testing/manualClock";

const AT = Date.UTC(2026, 1, 3, 4, 5, 6);

describe("Firehose's prefixes", () => {
  const evaluated: [string, string][] = [
    ["", "2026/02/03/04/"],
    ["raw/", "raw/2026/02/03/04/"],
    ["raw/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/", "raw/2026/02/03/04/"],
    ["!{timestamp:yyyy-MM-dd'T'HH:mm:ss}", "2026-02-03T04:05:06"],
    ["!{timestamp:'o''clock='HH''}/", "o'clock=04'/"],
  ];
  for (const [prefix, key] of evaluated) {
    it(`evaluates "${prefix}"`, () => assert.equal(compilePrefix(prefix)(AT), key));
  }

  it("evaluates random strings anew each time", () => {
    const prefix = compilePrefix("!{firehose:random-string}/!{timestamp:yyyy}/");
    assert.match(prefix(AT), /^[A-Za-z0-9]{11}\/2026\/$/);
    assert.notEqual(prefix(AT), prefix(AT));
  });

  it("leaves every text without expressions as it is", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes("!{")),
        (text) => compilePrefix(text)(AT) === `${text}2026/02/03/04/`,
      ),
    );
  });

  const refused: [string, RegExp][] = [
    ["!{timestamp:YYYY}/", /got YYYY/],
    ["!{timestamp:yyyyMMddEEE}/", /got EEE/],
    ["!{timestamp:}/", /date pattern, got ""/],
    ["!{timestamp:yyyy'}/", /date pattern/],
    ["!{partitionKeyFromQuery:tenant}/", /got !\{partitionKeyFromQuery:tenant\}/],
    ["!{firehose:error-output-type}/", /got !\{firehose:error-output-type\}/],
    ["a/!{timestamp:yyyy", /close its expressions/],
  ];
  for (const [prefix, message] of refused) {
    it(`refuses "${prefix}"`, () => assert.throws(() => compilePrefix(prefix), { message }));
  }

  it("demands the error's type in an error prefix that has expressions", () => {
    assert.doesNotThrow(() => checkErrorPrefix("errors/"));
    assert.doesNotThrow(() => checkErrorPrefix("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/"));
    assert.throws(() => checkErrorPrefix("errors/!{timestamp:yyyy}/"), /must have !\{firehose:error-output-type\}/);
    assert.throws(() => checkErrorPrefix("errors/!{lambda:x}/"), /got !\{lambda:x\}/);
  });
});

describe("Firehose's settings", () => {
  it("has the service's defaults", () => {
    const inputs = deliveryInputs({ bufferingInterval: undefined, processingConfiguration: undefined });
    const { prefix, ...settings } = readSettings(inputs);
    assert.equal(prefix(AT), "2026/02/03/04/");
    assert.deepEqual(settings, {
      name: "delivery",
      source: {
        streamArn: "arn:aws:kinesis:ap-southeast-1:123456789012:stream/events",
        roleArn: "arn:aws:iam::123456789012:role/delivery",
      },
      bucket: "raw",
      roleArn: "arn:aws:iam::123456789012:role/delivery",
      intervalSeconds: 300,
      sizeBytes: 5 * 1024 * 1024,
      gzip: false,
      delimiter: "",
    });
  });

  it("reads escapes in the delimiter", () => {
    const delimiter = (parameterValue: string) => ({
      processingConfiguration: {
        enabled: true,
        processors: [{ type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue }] }],
      },
    });
    assert.equal(readSettings(deliveryInputs(delimiter("\\n"))).delimiter, "\n");
    assert.equal(readSettings(deliveryInputs(delimiter("|\\t\\\\n"))).delimiter, "|\t\\n");
  });

  it("lets a preview pass that does not know its ARNs yet", () => {
    assert.doesNotThrow(() =>
      INPUTS.check({ name: "delivery", kinesisSourceConfiguration: {}, extendedS3Configuration: { bufferingInterval: 0 } }),
    );
  });

  const processors = (...list: Json[]) => ({ processingConfiguration: { enabled: true, processors: list } });
  const refused: [string, Json, RegExp][] = [
    [
      "an interval of 901 s",
      { bufferingInterval: 901 },
      /"delivery": extendedS3Configuration\.bufferingInterval must be at most 900, got 901/,
    ],
    ["a size of 129 MiB", { bufferingSize: 129 }, /bufferingSize must be at most 128, got 129/],
    ["another compression", { compressionFormat: "ZIP" }, /compressionFormat must be one of UNCOMPRESSED, GZIP, got "ZIP"/],
    ["an unknown expression", { prefix: "!{x:y}" }, /"delivery": extendedS3Configuration\.prefix .*!\{x:y\}/],
    [
      "dynamic partitioning",
      { dynamicPartitioningConfiguration: { enabled: true } },
      /extendedS3Configuration: the local cloud does not know the input dynamicPartitioningConfiguration/,
    ],
    [
      "another time zone",
      { customTimeZone: "Asia/Tokyo" },
      /extendedS3Configuration: the local cloud does not know the input customTimeZone/,
    ],
    ["an unknown logging option", { cloudwatchLoggingOptions: { enabled: true, level: "x" } }, /cloudwatchLoggingOptions: .* input level/],
    ["another processor", processors({ type: "Lambda" }), /processors\[0\]\.type must be one of AppendDelimiterToRecord, got "Lambda"/],
    [
      "another parameter",
      processors({ type: "AppendDelimiterToRecord", parameters: [{ parameterName: "X", parameterValue: "" }] }),
      /parameterName must be one of Delimiter, got "X"/,
    ],
  ];
  for (const [what, changes, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => INPUTS.check(deliveryInputs(changes)), { message }));
  }

  const incomplete: [string, Json, RegExp][] = [
    ["no source", { kinesisSourceConfiguration: undefined }, /kinesisSourceConfiguration .*must be given/],
    ["no name", { name: undefined }, /name must be given/],
    ["expressions without an error prefix", deliveryInputs({ prefix: "!{timestamp:yyyy}/" }), /errorOutputPrefix .*must be given/],
    ["a log without its group", deliveryInputs({ cloudwatchLoggingOptions: { enabled: true } }), /logGroupName must be given/],
    ["encryption of its own", { serverSideEncryption: { enabled: true } }, /does not know the input serverSideEncryption/],
  ];
  for (const [what, changes, message] of incomplete) {
    it(`refuses ${what}`, () => assert.throws(() => readSettings({ ...deliveryInputs(), ...changes }), { message }));
  }
});

describe("Firehose's buffer", () => {
  it("passes every record on, in order, in batches that a single record less would not fill", () => {
    const record = fc.record({ size: fc.nat(60), arrivedAt: fc.nat() });
    fc.assert(
      fc.property(fc.array(record), fc.integer({ min: 1, max: 100 }), (records, sizeBytes) => {
        const batches: Batch[] = [];
        const clock = new ManualClock();
        const buffer = new RecordBuffer(clock, { sizeBytes, intervalSeconds: 1, delimiter: "\n" }, (batch) => batches.push(batch));
        const all = records.map(({ size, arrivedAt }, i) => ({ arrivedAt, data: Buffer.alloc(size, 97 + (i % 26)) }));
        for (const { data, arrivedAt } of all) buffer.add(data, arrivedAt);
        const waiting = buffer.records;
        assert.equal(clock.sleeping, waiting > 0 ? 1 : 0);
        const done = all.slice(0, all.length - waiting);
        assert.equal(
          Buffer.concat(batches.flatMap(({ chunks }) => chunks)).toString(),
          done.map(({ data }) => `${data.toString()}\n`).join(""),
        );
        for (const batch of batches) {
          const last = batch.chunks.slice(-2).reduce((sum, { length }) => sum + length, 0);
          assert.ok(batch.bytes >= sizeBytes && batch.bytes - last < sizeBytes);
        }
        let first = 0;
        for (const batch of batches) {
          const times = all.slice(first, (first += batch.records)).map(({ arrivedAt }) => arrivedAt);
          assert.equal(batch.oldest, Math.min(...times));
        }
        buffer.discard();
      }),
    );
  });
});
