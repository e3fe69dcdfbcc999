import { strict as assert } from "node:assert";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as AdmZip from "adm-zip";
import { ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY, unpack } from "../src/lambda/sandbox";
import type { Json } from "../src/service";
import { archive, BUCKET, LambdaBench, LOG, STREAM_ARN, text } from "./support/lambda";

describe("the local Lambda's settings", () => {
  let bench: LambdaBench;
  before(async () => {
    bench = await LambdaBench.open();
    await bench.surroundings();
    await bench.role([LOG]);
    await bench.deploy("exports.handler = async () => 1;");
  });
  after(() => bench.close());

  const uri = "https://example.com/code.zip";
  for (const [what, inputs, message] of [
    [
      "another runtime",
      { runtime: "python3.13" },
      /^Error: Function "shop": runtime must be one of nodejs20\.x, nodejs22\.x, nodejs24\.x, got "python3\.13"$/,
    ],
    ["a timeout of 0", { timeout: 0 }, /timeout must be at least 1, got 0$/],
    ["too little memory", { memorySize: 64 }, /memorySize must be at least 128, got 64$/],
    ["an unknown input", { layers: [] }, /does not know the input layers$/],
    [
      "an unknown member",
      { loggingConfig: { logFormat: "JSON", level: 1 } },
      /loggingConfig: the local cloud does not know the input level$/,
    ],
    [
      "a variable of the runtime",
      { environment: { variables: { AWS_REGION: "x" } } },
      /environment\.variables must be free of the runtime's own names, got AWS_REGION$/,
    ],
    [
      "a variable that is no text",
      { environment: { variables: { TOKEN: 4711 } } },
      /^Error: Function "shop": environment\.variables\.TOKEN must be a string$/,
    ],
    [
      "too many variables",
      { environment: { variables: { A: "x".repeat(4096) } } },
      /environment\.variables must be at most 4096 bytes, got 4104 bytes$/,
    ],
    [
      "code from an address",
      { code: { [SIGNATURE_KEY]: ARCHIVE_SIGNATURE, uri } },
      /code must be text, a file or a folder of this machine, got the address https:/,
    ],
    [
      "an address inside",
      { code: archive({ "a.js": { [SIGNATURE_KEY]: ASSET_SIGNATURE, uri } }) },
      /code\/a\.js must be text, a file or a folder/,
    ],
    ["a way out of the folder", { code: archive({ "../a.js": text("") }) }, /code must stay in its folder, got the entry \.\.\/a\.js$/],
    ["no handler", { name: "other", handler: undefined }, /Function "other": handler must be given$/],
    ["a second one of its name", {}, /Function already exist: shop$/],
    [
      "a role that is not there",
      { name: "other", role: "arn:aws:iam::123456789012:role/none" },
      /role arn:aws:iam::123456789012:role\/none does not exist$/,
    ],
  ] as const) {
    it(`refuses a function with ${what}`, () => assert.rejects(bench.deploy("", inputs), message));
  }

  it("refuses a function whose role does not trust Lambda", async () => {
    const Statement = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "firehose.amazonaws.com" } };
    const { state } = await bench.create("aws:iam/role:Role", { name: "firehose", assumeRolePolicy: { Statement } });
    await assert.rejects(bench.deploy("", { name: "other", role: state.arn }), /lambda\.amazonaws\.com may not assume .*role\/firehose/);
  });

  for (const [what, inputs, message] of [
    [
      "another source",
      { eventSourceArn: "arn:aws:sqs:ap-southeast-1:123456789012:queue" },
      /eventSourceArn must be the ARN of a Kinesis stream, got "arn:aws:sqs/,
    ],
    [
      "an unknown position",
      { startingPosition: "EARLIEST" },
      /startingPosition must be one of TRIM_HORIZON, LATEST, AT_TIMESTAMP, got "EARLIEST"$/,
    ],
    ["a large batch", { batchSize: 10_001 }, /batchSize must be at most 10000, got 10001$/],
    ["a long window", { maximumBatchingWindowInSeconds: 301 }, /maximumBatchingWindowInSeconds must be at most 300, got 301$/],
    ["a large parallelization factor", { parallelizationFactor: 11 }, /parallelizationFactor must be at most 10, got 11$/],
    ["a short age", { maximumRecordAgeInSeconds: 59 }, /maximumRecordAgeInSeconds must be -1 or a whole number from 60 to 604800, got 59$/],
    [
      "an unknown response type",
      { functionResponseTypes: ["All"] },
      /functionResponseTypes\[0\] must be one of ReportBatchItemFailures, got "All"$/,
    ],
    [
      "another destination",
      { destinationConfig: { onFailure: { destinationArn: "arn:aws:sqs:x:1:q" } } },
      /destinationArn must be the ARN of a bucket .* got "arn:aws:sqs/,
    ],
    ["an unknown input", { filterCriteria: {} }, /does not know the input filterCriteria$/],
    ["a function that is not there", { functionName: "none" }, /Function not found: none$/],
    [
      "a time without AT_TIMESTAMP",
      { startingPositionTimestamp: "2026-01-31T00:00:00Z" },
      /startingPositionTimestamp must be given with AT_TIMESTAMP only/,
    ],
  ] as const) {
    it(`refuses a mapping with ${what}`, () => assert.rejects(bench.map(inputs), message));
  }

  it("takes the function by ARN, and each pair of stream and function once", async () => {
    const functionName = "arn:aws:lambda:ap-southeast-1:123456789012:function:shop";
    const inputs = { functionName, enabled: false, destinationConfig: { onFailure: { destinationArn: `arn:aws:s3:::${BUCKET}` } } };
    const { id, state } = await bench.create("aws:lambda/eventSourceMapping:EventSourceMapping", {
      eventSourceArn: STREAM_ARN,
      startingPosition: "LATEST",
      ...inputs,
    });
    assert.deepEqual([state.uuid, state.functionArn, state.state, bench.running.pending()], [id, functionName, "Disabled", 0]);
    await assert.rejects(bench.map(), /An event source mapping of .* exists: /);
  });
});

describe("an archive", () => {
  it("unpacks texts, files, folders, zip files and archives within", async () => {
    const folder = await mkdtemp(join(tmpdir(), "local-aws-test-"));
    try {
      await mkdir(join(folder, "lib"));
      await writeFile(join(folder, "lib", "in.txt"), "of a folder");
      const zip = new AdmZip();
      zip.addFile("deep/in.txt", Buffer.from("of a zip"));
      zip.writeZip(join(folder, "some.zip"));
      const path = (name: string, signature: string): Json => ({ [SIGNATURE_KEY]: signature, path: join(folder, name) });
      const code = archive({
        "a/text.txt": text("of a text"),
        "file.txt": path("lib/in.txt", ASSET_SIGNATURE),
        folder: path("lib", ARCHIVE_SIGNATURE),
        zip: path("some.zip", ARCHIVE_SIGNATURE),
        within: archive({ "text.txt": text("") }),
      });
      await unpack(code, join(folder, "out"));
      const read = (name: string): Promise<string> => readFile(join(folder, "out", name), "utf8");
      const names = ["a/text.txt", "file.txt", "folder/in.txt", "zip/deep/in.txt", "within/text.txt"];
      assert.deepEqual(await Promise.all(names.map(read)), ["of a text", "of a folder", "of a folder", "of a zip", ""]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
