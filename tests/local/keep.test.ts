import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@c360/local-aws";
import { generateInteractions } from "../../local/interactions/generator";
import { howToConnect } from "../../local/keep";
import { Interrupted, main } from "../../cli/start";
import { eventually, needPython, runPython } from "@c360/local-aws/testing";
import { copyProgram, REPOSITORY } from "../support/program";

const STREAM = "arn:aws:kinesis:ap-southeast-1:123456789012:stream";

describe("npm start --keep for boto3", () => {
  let python: string;
  let parent: string;
  let folder: string;
  const printed: string[] = [];
  const ctrlC = new AbortController();
  let end: Promise<number>;

  before(async function () {
    python = await needPython(this);
    parent = mkdtempSync(join(tmpdir(), "c360-keep-"));
    folder = join(parent, ".local");
    writeFileSync(join(parent, "in.csv"), generateInteractions(5, 200));
    end = main(["--interactions", join(parent, "in.csv"), "--scale", "600", "--keep"], {
      programDir: programOfTwoTenants(join(parent, "program")),
      folder,
      // As console.log does: whatever it is given is shown.
      print: (...shown: unknown[]) => void printed.push(shown.join(" ")),
      printError: (line) => void printed.push(line),
      signal: ctrlC.signal,
      silent: true,
    });
    const up = eventually(() => assert.match(printed.join("\n"), /stays up/));
    await Promise.race([up, end.then((code) => assert.fail(`npm start ended with ${code}: ${printed.join("\n")}`))]);
  });
  after(async () => {
    if (parent === undefined) return;
    ctrlC.abort(new Interrupted(130));
    await end;
    rmSync(parent, { recursive: true });
  });

  const entries = async (log: string, service = "") => {
    const found: Record<string, unknown>[] = [];
    for await (const entry of openStore(join(folder, "state", service)).replay(log)) found.push(entry);
    return found;
  };

  it("takes a producer's records, shows the owner stream and objects, and refuses the rest as AWS does", async () => {
    const file = join(folder, "endpoint.json");
    const seen = (await runPython(python, [join(REPOSITORY, "tests/python/outside_client.py"), file, "acme", "s-python"])) as Record<
      string,
      unknown
    >;
    const shard = "shardId-000000000000";
    const name = "acme-c360-recommender-stream-dev";
    assert.deepEqual(seen.produced, { shards: [shard, shard, shard], failed: 0 });
    const callers = ["root", "user/acme-producer"].map((who) => `arn:aws:iam::123456789012:${who}`);
    assert.deepEqual(seen.inspected, { callers, shards: [shard], summary: [name, `${STREAM}/${name}`, "ACTIVE", 1] });
    // CRC32 of "hello", as S3 gives it: base64 of 3610a686.
    assert.deepEqual(seen.objects, { crc: "NhCmhg==", text: "hello", meta: { "made-by": "boto3" }, large: 6 * 1024 * 1024, left: 0 });
    assert.deepEqual([seen.putEvents, seen.delivered], [200, ["one", "two", "three"]]);
    assert.deepEqual(seen.unknownKey, refusals("UnrecognizedClientException", "InvalidAccessKeyId"));
    assert.deepEqual(seen.producer, refusals("AccessDeniedException", "AccessDenied"));
  });

  it("forwards what Python sent, beside what it put itself", async () => {
    await eventually(async () => {
      const accepted = (await entries("events", "personalize")).filter(({ sessionId }) => sessionId === "s-python");
      const items = accepted.map(({ event }) => (event as { itemId: string }).itemId);
      assert.deepEqual(items.sort(), ["four", "one", "three", "two"]);
    });
  });

  it("decides Python's calls by the producers' policy alone", async () => {
    const calls = (await entries("decisions")).filter(({ principal }) => principal === "arn:aws:iam::123456789012:user/acme-producer");
    const allowed = new Set(
      calls.filter(({ decision }) => decision === "allow").map(({ action, resource }) => `${String(action)} ${String(resource)}`),
    );
    const own = `${STREAM}/acme-c360-recommender-stream-dev`;
    assert.deepEqual([...allowed].sort(), [`kinesis:PutRecord ${own}`, `kinesis:PutRecords ${own}`]);
    const denied = calls.filter(({ decision }) => decision === "deny").map(({ action }) => action);
    assert.deepEqual(denied, [
      "kinesis:ListShards",
      "kinesis:PutRecord",
      "personalize:PutEvents",
      "lambda:InvokeFunction",
      "s3:ListBucket",
      "s3:GetObject",
      "s3:PutObject",
      "s3:GetObject",
    ]);
  });

  it("prints Python that works as it stands", async () => {
    const at = printed.findIndex((line) => line.includes("stays up"));
    const { endpoint } = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as { endpoint: string };
    assert.ok(printed[at].includes(endpoint) && printed[at].includes("endpoint.json"), printed[at]);
    const lines = printed.slice(at + 1).map((line) => line.replace(/^ {2}/, ""));
    const put = 'kinesis.put_record(StreamName=cloud["tenants"]["acme"]["streamName"], PartitionKey="k", Data=b"{}")';
    assert.equal(await runPython(python, ["-c", [...lines, `print(json.dumps(${put}["ShardId"]))`].join("\n")]), "shardId-000000000000");
  });

  it("ends with 130 at Ctrl-C and takes the keys away", async () => {
    ctrlC.abort(new Interrupted(130));
    assert.equal(await end, 130);
    assert.deepEqual(readdirSync(folder).sort(), ["report.json", "state", "version"]);
    assert.equal(existsSync(join(folder, "endpoint.json")), false);
  });
});

describe("what --keep prints", () => {
  const endpoint = {
    endpoint: "http://127.0.0.1:1",
    region: "r",
    accountId: "1",
    stack: "local",
    accessKeyId: "AKIA1",
    secretAccessKey: "hush",
  };

  it("names address, region, file and tenant, and no key", () => {
    const text = howToConnect(endpoint, '.local/"1"/endpoint.json', "acme").join("\n");
    for (const part of ["http://127.0.0.1:1 in r", 'open(".local/\\"1\\"/endpoint.json")', '["tenants"]["acme"]["producer"]'])
      assert.ok(text.includes(part), text);
    assert.doesNotMatch(text, /hush|AKIA1/);
  });

  it("names the command that runs the pipeline again", () => {
    const [first] = howToConnect(endpoint, "e.json", "acme");
    assert.equal(first, "npm run pipeline -- --stack local --tenant acme runs the pipeline again.");
  });
});

/** The program as it is, with a stack file of two tenants. */
function programOfTwoTenants(programDir: string): string {
  copyProgram(programDir);
  const file = join(programDir, "Pulumi.local.yaml");
  const stack = readFileSync(file, "utf8");
  writeFileSync(file, stack.replace("    - acme\n", "    - acme\n    - globex\n"));
  return programDir;
}

/** What each call of Python's answers: 403 with the code of JSON services, or of S3; a HEAD has no body to tell its code. */
function refusals(json: string, s3: string) {
  return {
    list_shards: [403, json],
    put_record: [403, json],
    put_events: [403, json],
    invoke: [403, json],
    list_objects_v2: [403, s3],
    get_object: [403, s3],
    put_object: [403, s3],
    head_object: [403, "403"],
  };
}
