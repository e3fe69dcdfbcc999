import * as assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateInteractions } from "../../local/interactions/generator";
import { main } from "../../local/main";
import type { Report } from "../../local/report";
import { eventually } from "../support/eventually";
import { POISON_ONCE, REASONS_ONCE } from "../support/poison";
import { copyProgram, REPOSITORY } from "../support/program";

describe("npm start", () => {
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
  const readReport = (file = join(folder, "report.json")): Report => JSON.parse(readFileSync(file, "utf8")) as Report;

  it("runs the program, sends the live rows through it, and reconciles", async () => {
    const { code, printed, errors } = await run(["--split", "user", "--poison", "0.01", "--json", join(parent, "r.json")]);
    const report = readReport();
    assert.deepEqual([report.problems, errors, code], [[], [], 0]);
    const { input, produced, delivered, forwarded, deadLetters, seconds, ...rest } = report;
    const flags = { stack: "local", stage: "dev", tenant: "acme", seed: 1, scale: 60 };
    assert.deepEqual(rest, { version: 1, ...flags, status: "reconciled", problems: [], runs: [] });
    assert.deepEqual([input.rows, input.valid, input.history + input.live], [1500, 1500, 1500]);
    assert.deepEqual(produced.poison, POISON_ONCE);
    assert.deepEqual([delivered.records, delivered.missing], [produced.records, 0]);
    assert.ok(delivered.objects >= 1 && delivered.bytes === produced.bytes + produced.records);
    assert.deepEqual([forwarded.distinct, forwarded.events - forwarded.redelivered], [produced.events - 1, produced.events - 1]);
    assert.deepEqual([deadLetters.records, deadLetters.byReason], [13, REASONS_ONCE]);
    assert.deepEqual(Object.keys(seconds), ["total", "read", "start", "deploy", "history", "produce", "catchUp", "reconcile"]);
    assert.deepEqual(readReport(join(parent, "r.json")), report);
    assert.match(printed[printed.length - 1], /acme on stack local: reconciled$/);
    assert.deepEqual(readdirSync(folder).sort(), ["report.json", "state", "version"]);
  });

  it("ends with 1 and says why when the forwarder changes what it forwards", async () => {
    const programDir = join(parent, "program");
    copyProgram(programDir);
    const validate = join(programDir, "functions/forwardEvents/validate.ts");
    const code = readFileSync(validate, "utf8");
    const sabotaged = code.replace("const { eventType } = value;", 'const eventType = "other";');
    assert.notEqual(sabotaged, code);
    writeFileSync(validate, sabotaged);

    const end = await run([], programDir);
    const { status, input, forwarded, problems } = readReport();
    assert.deepEqual([end.code, status, end.errors], [1, "failed", []]);
    assert.equal(forwarded.missing, input.live);
    assert.ok(forwarded.changed >= 1);
    assert.deepEqual(
      problems.map(({ check, actual }) => [check, actual]),
      [
        ["forwarded.missing", forwarded.missing],
        ["forwarded.changed", forwarded.changed],
      ],
    );
    assert.match(end.printed[end.printed.length - 1], /\nproblem: forwarded\.missing: expected 0, got \d+\n[\s\S]*: failed$/);
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
      start(["--interactions", join(parent, "in.csv")]);
      await eventually(() => assert.match(said, /Send \d+ live rows/), { timeoutMs: 40_000 });
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
      await eventually(() => assert.ok(existsSync(join(folder, "endpoint.json")) && childrenOf(child.pid ?? 0).length > 0), {
        timeoutMs: 40_000,
      });
      const children = childrenOf(child.pid ?? 0);
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number];
      assert.equal(code, 130, said);
      await eventually(() => children.forEach(isGone));
      assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    });

    it("ends with 130 at Ctrl-C while it reconciles, without a report", async () => {
      start([]);
      const exit = once(child, "exit");
      child.stdout?.on("data", () => said.endsWith("Reconcile\n") && child.kill("SIGINT"));
      const [code] = (await exit) as [number];
      assert.equal(code, 130, said);
      assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    });

    it("keeps the cloud up with --keep, for this user alone, and refuses a second run", async () => {
      start(["--interactions", join(parent, "in.csv"), "--keep"]);
      await eventually(() => assert.match(said, /stays up/), { timeoutMs: 50_000 });
      assert.equal(readReport().status, "reconciled");
      assert.equal(statSync(join(folder, "endpoint.json")).mode & 0o777, 0o600);
      const { endpoint, pid } = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as { endpoint: string; pid: number };
      assert.equal(pid, child.pid);
      assert.equal((await fetch(endpoint)).status >= 400, true);
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
