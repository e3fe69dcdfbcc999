import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "../../cli/pipeline";
import { type CommandContext, UsageError } from "../../cli/shared/command";
import { type CommandOutcome, runCommand } from "../support/commands";
import { machineOf, StepFunctionsBench } from "@c360/local-aws/testing";

const MADE = { Echo: { Type: "Pass", Output: { given: "{% $states.input %}" }, Next: "Done" }, Done: { Type: "Succeed" } };
const FAILS = { Failed: { Type: "Fail", Error: "TooFewInteractions", Cause: "{% '999 rows:\\n1000 are needed' %}" } };
const SLOW = { Long: { Type: "Wait", Seconds: 90_000_000, End: true } };

describe("npm run pipeline", () => {
  let machines: StepFunctionsBench;
  let folder: string;
  const arns: Record<string, string> = {};
  const environment = { ...process.env };
  before(async () => {
    machines = await StepFunctionsBench.open();
    for (const [name, states] of Object.entries({ made: MADE, fails: FAILS, slow: SLOW })) {
      arns[name] = await machines.deploy(machineOf(states), name);
    }
    await machines.deploy(machineOf(MADE), "acme-c360-recommender-pipeline-staging");
  });
  after(() => machines.close());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "c360-pipeline-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    process.env = { ...environment };
  });

  /** Describes a local cloud whose tenants have these state machines. */
  function writeEndpoint(tenants: Record<string, string> | undefined, { pid = process.pid, stack = "local" } = {}): void {
    const { endpoint, region, credentials } = machines.running.client;
    const deployed = tenants && Object.entries(tenants).map(([name, stateMachineArn]) => [name, { stateMachineArn }]);
    const file = {
      endpoint,
      region,
      accountId: "123456789012",
      stack,
      pid,
      ...credentials,
      tenants: deployed && (Object.fromEntries(deployed) as object),
    };
    writeFileSync(join(folder, "endpoint.json"), JSON.stringify(file));
  }

  async function run(args: string, context: Partial<CommandContext> = {}): Promise<CommandOutcome & { written: string }> {
    let written = "";
    const outcome = await runCommand(pipeline, args, {
      folder,
      ...context,
      write: (text) => {
        written += text;
        context.write?.(text);
      },
      print: (line) => void (written += `${line}\n`),
    });
    return { ...outcome, written };
  }

  it("starts the first tenant's execution in the local cloud, and shows its states and its output", async () => {
    writeEndpoint({ acme: arns.made, globex: arns.fails });
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

  it("accepts a smaller CSV, or many bad rows, where a flag says so", async () => {
    writeEndpoint({ acme: arns.made });
    assert.match((await run("--stack local --accept-shrink")).written, /"given": \{\s+"acceptShrink": true\s+\}/);
    assert.match((await run("--stack local --accept-bad-rows")).written, /"given": \{\s+"acceptBadRows": true\s+\}/);
  });

  it("leaves to the state machine what no flag says", async () => {
    writeEndpoint({ acme: arns.made }, { stack: "trial" });
    const { written } = await run("--stack trial");
    assert.match(written, /"given": \{\}/);
  });

  it("ends with 1 and one line of error and cause when the execution fails", async () => {
    writeEndpoint({ acme: arns.made, globex: arns.fails });
    const { code, written, errors } = await run("--stack local --tenant globex");
    assert.deepEqual([code, errors], [1, ["npm run pipeline: FAILED: TooFewInteractions: 999 rows: 1000 are needed"]]);
    assert.match(written, /\n {2}Failed +\d+\.\d s\n$/);
  });

  it("ends with 1 while npm start is still deploying", async () => {
    writeEndpoint(undefined);
    const { code, errors } = await run("--stack local");
    assert.deepEqual([code, errors.length], [1, 1]);
    assert.match(errors[0], /the local cloud at http:\S+ has no state machine yet: npm start is still deploying$/);
  });

  it("finds the state machine of a deployed stack with the SDK's own credentials", async () => {
    const { endpoint, credentials } = machines.running.client;
    writeEndpoint({ acme: arns.fails }, { stack: "other" });
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
    writeEndpoint({ acme: arns.slow });
    const interrupted = new AbortController();
    const write = (text: string): void => void (text.includes("Long") && interrupted.abort());
    const { code, written, errors } = await run("--stack local", { signal: interrupted.signal, write });
    const [arn] = written.split("\n");
    assert.deepEqual([code, errors.length], [130, 1]);
    const { endpoint } = machines.running.client;
    const command = `aws stepfunctions stop-execution --region ap-southeast-1 --endpoint-url ${endpoint} --execution-arn ${arn}`;
    assert.equal(errors[0], `The execution goes on. To stop it: ${command}`);
    assert.match(written, / {2}Long +\n$/);
  });

  it("ends with 2 and one line on wrong usage", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    writeEndpoint({ acme: arns.made }, { pid: dead });
    const gone = await run("--stack local");
    assert.deepEqual([gone.code, gone.errors.length], [2, 1]);
    assert.match(gone.errors[0], /--stack local needs a running local cloud: start one with npm start -- --keep$/);
    writeEndpoint({ acme: arns.made, globex: arns.made });
    const wrong: [string, RegExp][] = [
      ["--stack local --tenant nosuch", /--tenant must be one of the local cloud at http:\S+ \(acme, globex\), got "nosuch"$/],
      ["--stack dev --tenant nosuch", /--tenant must be one of stack dev \(acme\), got "nosuch"$/],
      ["--stack No-Such", /No-Such/],
      [`--stack local --json ${folder}`, /--json must name a file that can be written, .* is not a regular file$/],
      ["--nosuch", /--nosuch/],
    ];
    for (const [args, message] of wrong) {
      const { code, written, errors } = await run(args);
      assert.deepEqual([code, written, errors.length], [2, "", 1], args);
      assert.match(errors[0], message);
      assert.match(errors[0], /^npm run pipeline: [^\n]+$/);
    }
  });
});

describe("the flags of npm run pipeline", () => {
  it("are read", () => {
    assert.deepEqual(pipeline.readFlags(["--stack", "local"]), {
      ...{ stack: "local", tenant: undefined, runDate: undefined, runKey: undefined, rebuild: false, json: undefined },
      ...{ acceptShrink: false, acceptBadRows: false },
    });
    const text =
      "--stack dev --tenant acme --run-date 2028-02-29 --run-key 2026-11-25T02:15:00Z --rebuild --accept-shrink --accept-bad-rows --json r.json";
    assert.deepEqual(pipeline.readFlags(text.split(" ")), {
      ...{ stack: "dev", tenant: "acme", runDate: "2028-02-29", runKey: "2026-11-25T02:15:00Z", rebuild: true, json: "r.json" },
      ...{ acceptShrink: true, acceptBadRows: true },
    });
  });

  const wrong: [string, RegExp][] = [
    ["", /^--stack NAME is needed/],
    ["--stack", /--stack/],
    ["--stack local --run-date 2026-02-29", /^--run-date must be a day like 2026-01-31, got "2026-02-29"$/],
    ["--stack local --run-date 2026-1-1", /--run-date must be/],
    ["--stack local --run-date 20260101", /--run-date must be/],
    ["--stack local --run-key=", /^--run-key must be 1 to 256 characters .* got ""$/],
    ["--stack local --json=", /^--json must be a file name, got ""$/],
    ["--stack local --nosuch", /--nosuch'?; npm run pipeline -- --help/],
    ["local", /local/],
  ];
  for (const [text, message] of wrong) {
    it(`refuse "${text}"`, () => {
      const isRefusal = (error: Error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n");
      assert.throws(() => pipeline.readFlags(text.split(" ").filter(Boolean)), isRefusal);
    });
  }

  it("are shown", async () => {
    const { code, printed } = await runCommand(pipeline, "--help");
    assert.equal(code, 0);
    for (const flag of ["stack", "tenant", "run-date", "run-key", "rebuild", "json"]) assert.ok(printed[0].includes(`--${flag} `), flag);
  });
});
