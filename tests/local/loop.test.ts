import * as assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateInteractions } from "../../local/interactions/generator";
import { main } from "../../cli/start";
import { main as runPipelineCommand } from "../../cli/pipeline";
import type { Report } from "../../local/report";
import { eventually } from "@c360/local-aws/testing";
import { LEFT_OUT_ONCE, POISON_ONCE, REASONS_ONCE } from "../support/poison";
import { copyProgram, REPOSITORY } from "../support/program";

/** Ids and event types that quoting, escaping or a byte order mark could change; of three rows a user, one is live. */
const ODD = ["a,b", 'q"o', " 007", "\\u0041", "\uFEFF😀"]
  .map((text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
  .flatMap((cell) => [1, 2, 3].map((n) => `${cell},${cell},${1_769_000_000 + n},${cell}\n`));

describe("npm start", function () {
  let parent: string;
  let folder: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "c360-loop-"));
    folder = join(parent, ".local");
    writeFileSync(join(parent, "in.csv"), generateInteractions(5, 1500));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const run = async (args: string[], programDir = REPOSITORY) => {
    const printed: string[] = [];
    const errors: string[] = [];
    const code = await main(["--interactions", join(parent, "in.csv"), ...args], {
      programDir,
      folder,
      print: (line) => void printed.push(line),
      printError: (line) => void errors.push(line),
      signal: new AbortController().signal,
      silent: true,
    });
    return { code, printed, errors };
  };
  const runAgain = async () => {
    const errors: string[] = [];
    const code = await runPipelineCommand(["--stack", "local"], {
      ...{ programDir: REPOSITORY, folder, signal: new AbortController().signal },
      write: () => undefined,
      printError: (line) => void errors.push(line),
    });
    return { code, errors };
  };
  const readReport = (file = join(folder, "report.json")): Report => JSON.parse(readFileSync(file, "utf8")) as Report;

  it("runs the program, sends the live rows through it, and reconciles", async () => {
    appendFileSync(join(parent, "in.csv"), ODD.join(""));
    const { code, printed, errors } = await run(["--split", "user", "--poison", "0.01", "--json", join(parent, "r.json")]);
    const report = readReport();
    assert.deepEqual([report.problems, errors, code], [[], [], 0]);
    const { input, produced, delivered, forwarded, deadLetters, seconds, runs, campaign, ...rest } = report;
    const flags = { stack: "local", stage: "dev", tenant: "acme", seed: 1, scale: 60 };
    assert.deepEqual(rest, { version: 1, ...flags, status: "reconciled", problems: [] });
    assert.deepEqual([input.rows, input.valid, input.history + input.live], [1515, 1515, 1515]);
    const { sessions } = produced;
    assert.deepEqual(produced.poison, POISON_ONCE);
    assert.deepEqual([delivered.records, delivered.missing], [produced.records, 0]);
    assert.ok(delivered.objects >= 1 && delivered.bytes === produced.bytes + produced.records);
    assert.deepEqual([forwarded.distinct, forwarded.events - forwarded.redelivered], [produced.events - 1, produced.events - 1]);
    assert.deepEqual([deadLetters.records, deadLetters.byReason], [13, REASONS_ONCE]);
    const [first, { runId, runDate, status, export: made, seconds: byState }] = runs;
    assert.deepEqual([runs.length, first.status, status], [2, "SUCCEEDED", "SUCCEEDED"]);
    assert.deepEqual([first.export?.rowsIn, first.export?.csv.rows, first.export?.leftOut], [input.history, input.history, {}]);
    assert.match(runId, /^[0-9a-f]{12}-[0-9a-f]{8}$/);
    assert.ok("BuildInteractions" in byState && "Export" in byState);
    assert.deepEqual([made?.rowsIn, made?.leftOut], [1515 + 28 + sessions, { ...LEFT_OUT_ONCE, noItem: sessions }]);
    assert.deepEqual([made?.table.rows, made?.table], [1515 + 14, made?.expected]);
    const { bytes, sha256, head, ...inCsv } = made?.csv ?? assert.fail();
    assert.deepEqual([inCsv, head[0], head.length], [made?.expected, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", 5]);
    assert.match(sha256, /^[0-9a-f]{64}$/);
    const columns = head[0].split(",");
    assert.deepEqual({ ...made?.manifest, etag: "" }, { runId, runDate, ...inCsv, bytes, columns, etag: "" });
    const steps = "total read start deploy history firstPipeline firstReconcile produce catchUp pipeline reconcile";
    assert.deepEqual(Object.keys(seconds), steps.split(" "));

    const [created, updated] = runs.map(({ training }) => training);
    assert.deepEqual([created?.decision, updated?.decision], ["created", "updated"]);
    assert.ok(updated?.metrics.coverage !== undefined && updated.metrics.coverage > 0);
    assert.notEqual(created?.solutionVersionArn, updated?.solutionVersionArn);
    const { arn, solutionVersionArn, ...asked } = campaign ?? assert.fail();
    assert.match(arn, /^arn:aws:personalize:ap-southeast-1:123456789012:campaign\/acme-c360-recommender-campaign-dev$/);
    assert.equal(solutionVersionArn, updated?.solutionVersionArn);
    assert.deepEqual([asked.requests, asked.shown], [sessions, 25 * sessions]);
    assert.ok(asked.followed > 0 && asked.followed < input.live);
    const asking = readFileSync(join(folder, "state", "decisions.ndjson"), "utf8").split("\n");
    const askers = asking.filter((line) => line.includes('"personalize:GetRecommendations"'));
    assert.equal(askers.length, sessions);
    assert.ok(askers.every((line) => line.includes("user/acme-consumer")));
    assert.deepEqual(readReport(join(parent, "r.json")), report);
    assert.match(printed[printed.length - 1], /acme on stack local: reconciled$/);
    assert.deepEqual(readdirSync(folder).sort(), ["report.json", "state", "version"]);
  });

  it("ends with 1 and says why when the forwarder and the SQL change what they pass on", async () => {
    const programDir = join(parent, "program");
    copyProgram(programDir);
    const sabotage = (file: string, from: string, to: string): void => {
      const code = readFileSync(join(programDir, file), "utf8");
      assert.ok(code.includes(from));
      writeFileSync(join(programDir, file), code.replace(from, to));
    };
    sabotage("functions/forwardEvents/validate.ts", "const { eventType } = value;", 'const eventType = "other";');
    sabotage("sql/csv_lines.sql", 'CAST("timestamp" AS varchar)', 'CAST("timestamp" + 1 AS varchar)');

    const end = await run([], programDir);
    const { status, input, produced, forwarded, problems } = readReport();
    assert.deepEqual([end.code, status, end.errors], [1, "failed", []]);
    assert.equal(forwarded.missing, input.live + produced.sessions);
    assert.ok(forwarded.changed >= 1);
    assert.deepEqual(
      problems.map(({ check, actual }) => [check, actual]),
      [
        ["history.export.csv.missing", input.history],
        ["history.export.csv.unexpected", input.history],
        ["forwarded.missing", forwarded.missing],
        ["forwarded.changed", forwarded.changed],
        ["export.csv.missing", 1500],
        ["export.csv.unexpected", 1500],
      ],
    );
    assert.match(end.printed[end.printed.length - 1], /\nproblem: history\.export\.csv\.missing: expected 0, got \d+\n[\s\S]*: failed$/);
  });

  describe("as a process", () => {
    let child: ChildProcess;
    let said: string;
    afterEach(() => void child.kill("SIGKILL"));

    function start(args: string[]): void {
      const options = { programDir: REPOSITORY, folder };
      const script = `require(${JSON.stringify(join(REPOSITORY, "local/main"))}).runProcess(${JSON.stringify(args)}, ${JSON.stringify(options)})`;
      child = spawn(process.execPath, ["-r", "ts-node/register", "-e", script], { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
      said = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    }
    const childrenOf = (pid: number): number[] =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/stat`))
        .filter((name) => {
          try {
            return Number(readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1].split(" ")[1]) === pid;
          } catch {
            return false;
          }
        })
        .map(Number);
    const isGone = (pid: number): void => assert.equal(existsSync(`/proc/${pid}`), false);

    it("ends with 130 at Ctrl-C in the middle, and with it everything that it started", async () => {
      writeFileSync(join(parent, "in.csv"), generateInteractions(5, 900));
      start(["--interactions", join(parent, "in.csv")]);
      await eventually(() => assert.match(said, /Send \d+ live rows/));
      await eventually(() => assert.ok(childrenOf(child.pid ?? 0).length > 0));
      const children = childrenOf(child.pid ?? 0);
      const { endpoint } = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as { endpoint: string };
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 130, said);
      await eventually(() => children.forEach(isGone));
      await assert.rejects(fetch(endpoint));
      assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    });

    it("ends with 130 at Ctrl-C while the program is deployed", async () => {
      start([]);
      await eventually(() => assert.ok(existsSync(join(folder, "endpoint.json")) && childrenOf(child.pid ?? 0).length > 0));
      const children = childrenOf(child.pid ?? 0);
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 130, said);
      await eventually(() => children.forEach(isGone));
      assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    });

    it("ends with 130 at Ctrl-C while it reconciles, without a report", async () => {
      start(["--interactions", join(parent, "in.csv")]);
      const exit = once(child, "exit");
      child.stdout?.on("data", () => said.endsWith("Reconcile\n") && child.kill("SIGINT"));
      const [code] = (await exit) as [number];
      assert.equal(code, 130, said);
      assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    });

    it("keeps the cloud up with --keep, for this user alone, and refuses a second run", async () => {
      writeFileSync(join(parent, "in.csv"), generateInteractions(5, 300));
      start(["--interactions", join(parent, "in.csv"), "--keep"]);
      await eventually(() => assert.match(said, /stays up/));
      const { status, problems, runs } = readReport();
      assert.deepEqual([status, runs.length, runs[0].status, runs[0].error], ["failed", 1, "FAILED", "TooFewInteractions"]);
      assert.deepEqual([problems.length, problems[0].check, problems[0].actual], [1, "pipeline.run", "FAILED"]);
      assert.equal(statSync(join(folder, "endpoint.json")).mode & 0o777, 0o600);
      const { endpoint, pid } = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as { endpoint: string; pid: number };
      assert.equal(pid, child.pid);
      assert.equal((await fetch(endpoint)).status >= 400, true);
      const again = await runAgain();
      assert.deepEqual([again.code, again.errors.length], [1, 1]);
      assert.match(again.errors[0], /^npm run pipeline: FAILED: TooFewInteractions: /);
      const second = await run([]);
      assert.deepEqual([second.code, second.errors.length], [2, 1]);
      assert.match(second.errors[0], new RegExp(`another npm start is running \\(pid ${pid}, `));
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 130);
      assert.deepEqual(readdirSync(folder).sort(), ["report.json", "state", "version"]);
    });
  });
});
