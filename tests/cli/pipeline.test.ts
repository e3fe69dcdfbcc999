import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/pipeline";
import { REPOSITORY } from "../support/program";
import { machineOf, StepFunctionsBench } from "@c360/local-aws/testing";

const MADE = { Echo: { Type: "Pass", Output: { given: "{% $states.input %}" }, Next: "Done" }, Done: { Type: "Succeed" } };
const FAILS = { Failed: { Type: "Fail", Error: "TooFewInteractions", Cause: "{% '999 rows:\\n1000 are needed' %}" } };
const SLOW = { Long: { Type: "Wait", Seconds: 90_000_000, End: true } };

describe("npm run pipeline", () => {
  let bench: StepFunctionsBench;
  let folder: string;
  const arns: Record<string, string> = {};
  const environment = { ...process.env };
  before(async () => {
    bench = await StepFunctionsBench.open();
    for (const [name, states] of Object.entries({ made: MADE, fails: FAILS, slow: SLOW })) {
      arns[name] = await bench.deploy(machineOf(states), name);
    }
    await bench.deploy(machineOf(MADE), "acme-c360-recommender-pipeline-staging");
  });
  after(() => bench.close());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "c360-pipeline-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    process.env = { ...environment };
  });

  /** The folder of a local cloud whose tenants have these state machines. */
  function keepCloud(tenants: Record<string, string> | undefined, { pid = process.pid, stack = "local" } = {}): void {
    const { endpoint, region, credentials } = bench.running.client;
    const machines = tenants && Object.entries(tenants).map(([name, stateMachineArn]) => [name, { stateMachineArn }]);
    const file = {
      endpoint,
      region,
      accountId: "123456789012",
      stack,
      pid,
      ...credentials,
      tenants: machines && (Object.fromEntries(machines) as object),
    };
    writeFileSync(join(folder, "endpoint.json"), JSON.stringify(file));
  }

  async function run(args: string, signal = new AbortController().signal, onWrite: (text: string) => void = () => undefined) {
    let written = "";
    const errors: string[] = [];
    const code = await main(args.split(" "), {
      ...{ programDir: REPOSITORY, folder, signal },
      write: (text) => {
        written += text;
        onWrite(text);
      },
      printError: (line) => void errors.push(line),
    });
    return { code, written, errors };
  }

  it("starts the first tenant's execution in the local cloud, and shows its states and its output", async () => {
    keepCloud({ acme: arns.made, globex: arns.fails });
    const json = join(folder, "end.json");
    const { code, written, errors } = await run(`--stack local --run-date 2026-11-24 --run-key k --rebuild --json ${json}`);
    assert.deepEqual([code, errors], [0, []]);
    const [arn, ...lines] = written.split("\n");
    assert.match(arn, /^arn:aws:states:ap-southeast-1:123456789012:execution:made:/);
    assert.match(lines[0], /^ {2}Echo +\d+\.\d s$/);
    assert.match(lines[1], /^ {2}Done +\d+\.\d s$/);
    const output = { given: { runDate: "2026-11-24", runKey: "k", rebuild: true } };
    assert.equal(lines.slice(2).join("\n"), `SUCCEEDED: ${JSON.stringify(output, undefined, 2)}\n`);
    const { seconds, ...end } = JSON.parse(readFileSync(json, "utf8")) as { seconds: object };
    assert.deepEqual(end, { executionArn: arn, status: "SUCCEEDED", output });
    assert.deepEqual(Object.keys(seconds), ["Echo", "Done"]);
  });

  it("leaves to the state machine what no flag says", async () => {
    keepCloud({ acme: arns.made }, { stack: "trial" });
    const { written } = await run("--stack trial");
    assert.match(written, /"given": \{\}/);
  });

  it("ends with 1 and one line of error and cause when the execution fails", async () => {
    keepCloud({ acme: arns.made, globex: arns.fails });
    const { code, written, errors } = await run("--stack local --tenant globex");
    assert.deepEqual([code, errors], [1, ["npm run pipeline: FAILED: TooFewInteractions: 999 rows: 1000 are needed"]]);
    assert.match(written, /\n {2}Failed +\d+\.\d s\n$/);
  });

  it("ends with 1 while the local cloud is still deployed to", async () => {
    keepCloud(undefined);
    const { code, errors } = await run("--stack local");
    assert.deepEqual([code, errors.length], [1, 1]);
    assert.match(errors[0], /the local cloud at http:\S+ has no state machine yet: npm start is still deploying it$/);
  });

  it("finds the state machine of a deployed stack with the SDK's own credentials", async () => {
    const { endpoint, credentials } = bench.running.client;
    keepCloud({ acme: arns.fails }, { stack: "other" });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SFN: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    const { code, written, errors } = await run("--stack staging");
    assert.deepEqual([code, errors], [0, []]);
    assert.match(written, /:execution:acme-c360-recommender-pipeline-staging:[\s\S]*SUCCEEDED/);
    const missing = await run("--stack dev");
    const named = "npm run pipeline: stack dev has no state machine acme-c360-recommender-pipeline-dev in ap-southeast-1: deploy it first";
    assert.deepEqual([missing.code, missing.errors], [1, [named]]);
  });

  it("ends with 130 at Ctrl-C, and says that the execution goes on and how to stop it", async () => {
    keepCloud({ acme: arns.slow });
    const interrupted = new AbortController();
    const onWrite = (text: string): void => void (text.includes("Long") && interrupted.abort());
    const { code, written, errors } = await run("--stack local", interrupted.signal, onWrite);
    const [arn] = written.split("\n");
    assert.deepEqual([code, errors.length], [130, 1]);
    const { endpoint } = bench.running.client;
    const command = `aws stepfunctions stop-execution --region ap-southeast-1 --endpoint-url ${endpoint} --execution-arn ${arn}`;
    assert.equal(errors[0], `The execution goes on; stop it with: ${command}`);
    assert.match(written, / {2}Long +\n$/);
  });

  it("ends with 2 and one line on wrong usage", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    keepCloud({ acme: arns.made }, { pid: dead });
    const gone = await run("--stack local");
    assert.deepEqual([gone.code, gone.errors.length], [2, 1]);
    assert.match(gone.errors[0], /--stack local needs a local cloud that runs: npm start -- --keep leaves one$/);
    keepCloud({ acme: arns.made, globex: arns.made });
    const wrong: [string, RegExp][] = [
      ["--stack local --tenant nosuch", /--tenant must be one of the local cloud at http:\S+ \(acme, globex\), got "nosuch"$/],
      ["--stack dev --tenant nosuch", /--tenant must be one of stack dev \(acme\), got "nosuch"$/],
      ["--stack No-Such", /No-Such/],
      [`--stack local --json ${folder}`, /--json must name a file that can be written, .* is no regular file$/],
      ["--nosuch", /--nosuch/],
    ];
    for (const [args, message] of wrong) {
      const { code, written, errors } = await run(args);
      assert.deepEqual([code, written, errors.length], [2, "", 1], args);
      assert.match(errors[0], message);
      assert.match(errors[0], /^npm run pipeline: [^\n]+$/);
    }
  });

  it("shows the flags", async () => {
    const { code, written } = await run("--help");
    assert.equal(code, 0);
    for (const flag of ["stack", "tenant", "run-date", "run-key", "rebuild", "json"]) assert.ok(written.includes(`--${flag} `), flag);
  });
});
