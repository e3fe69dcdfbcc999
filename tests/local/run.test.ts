import * as assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openStore } from "@c360/local-aws";
import { eventually, needPython, runPython } from "@c360/local-aws/testing";
import { pipeline } from "../../cli/pipeline";
import { type CommandContext, Interrupted } from "../../cli/shared/command";
import { start } from "../../cli/start";
import { generateInteractions } from "../../local/interactions/generator";
import type { PipelineRun, Report } from "../../local/report";
import { type CommandOutcome, runCommand } from "../support/commands";
import { LEFT_OUT_ONCE, POISON_INTERACTIONS, POISON_ONCE, POISON_ROWS, REASONS_ONCE } from "../support/poison";
import { copyProgram, REPOSITORY } from "../support/program";

/** Ids and event types that quoting, escaping or a byte order mark could change; of three rows per user, one is live. */
const ODD = ["a,b", 'q"o', " 007", "\\u0041", "\uFEFF😀"]
  .map((text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
  .flatMap((cell) => [1, 2, 3].map((n) => `${cell},${cell},${1_769_000_000 + n},${cell}\n`));
const STREAM = "arn:aws:kinesis:ap-southeast-1:123456789012:stream";

describe("npm start", () => {
  let parent: string;
  let folder: string;
  let input: string;
  before(() => {
    parent = mkdtempSync(join(tmpdir(), "c360-run-"));
    folder = join(parent, ".local");
    input = join(parent, "in.csv");
    writeFileSync(input, generateInteractions(1, 1500) + ODD.join(""));
  });
  after(() => rmSync(parent, { recursive: true }));

  const run = (args: string, context: Partial<CommandContext> = {}): Promise<CommandOutcome> =>
    runCommand(start, args, { folder, ...context });
  const readReport = (file = join(folder, "report.json")): Report => JSON.parse(readFileSync(file, "utf8")) as Report;
  const entries = async (log: string, service = "") => {
    const found: Record<string, unknown>[] = [];
    for await (const entry of openStore(join(folder, "state", service)).replay(log)) found.push(entry);
    return found;
  };
  const readEndpoint = () => JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as { endpoint: string; pid: number };

  describe("with --keep", () => {
    const ctrlC = new AbortController();
    const printed: string[] = [];
    let end: Promise<CommandOutcome>;
    let report: Report;
    let firstRun: PipelineRun;
    let lastRun: PipelineRun;
    before(async () => {
      const programDir = join(parent, "program-of-two-tenants");
      copyProgram(programDir);
      change(programDir, "Pulumi.yaml", "      - acme\n", "      - acme\n      - globex\n");
      const exported = "  c360-recommender:export:\n    streamedEvents: exclude\n";
      change(programDir, "Pulumi.local.yaml", "    requireBaseline: true\n", `    requireBaseline: true\n${exported}`);
      end = run(`--interactions ${input} --split user --poison 0.01 --scale 600 --json ${join(parent, "r.json")} --keep`, {
        programDir,
        signal: ctrlC.signal,
        // As console.log does: whatever it is given is shown.
        print: (...shown: unknown[]) => void printed.push(shown.join(" ")),
      });
      const isUp = eventually(() => assert.match(printed.join("\n"), /stays up/));
      await Promise.race([isUp, end.then(({ code, errors }) => assert.fail(`npm start ended with ${code}: ${errors.join("\n")}`))]);
      report = readReport();
      [firstRun, lastRun] = report.runs;
    });
    after(async () => {
      ctrlC.abort(new Interrupted(130));
      await end;
    });

    it("runs the program, sends the live rows through it, and reconciles", () => {
      const { input, produced, delivered, forwarded, deadLetters, seconds, runs, campaign, ...rest } = report;
      const flags = { stack: "local", stage: "dev", tenant: "acme", seed: 1, scale: 600 };
      assert.deepEqual(rest, { version: 1, ...flags, status: "reconciled", problems: [] });
      assert.deepEqual([input.rows, input.valid, input.history + input.live], [1515, 1515, 1515]);
      assert.deepEqual(produced.poison, POISON_ONCE);
      assert.deepEqual([delivered.records, delivered.missing], [produced.records, 0]);
      const aggregateFrames = produced.bytes + produced.records - delivered.bytes;
      assert.ok(delivered.objects >= 1 && aggregateFrames > 80 && aggregateFrames < 140, String(aggregateFrames));
      assert.deepEqual([forwarded.distinct, forwarded.events - forwarded.redelivered], [produced.events - 1, produced.events - 1]);
      assert.deepEqual([deadLetters.records, deadLetters.byReason], [22, REASONS_ONCE]);
      assert.deepEqual([runs.length, campaign !== undefined], [2, true]);
      const steps = "total read start deploy history firstPipeline firstReconcile produce catchUp pipeline reconcile";
      assert.deepEqual(Object.keys(seconds), steps.split(" "));
      assert.deepEqual(readReport(join(parent, "r.json")), report);
      assert.match(printed.join("\n"), /\nacme on stack local: reconciled\n/);
    });

    it("runs the pipeline over the history, and over all rows, of which the CSV has those that did not stream", () => {
      const { input, produced } = report;
      assert.deepEqual([firstRun.status, lastRun.status], ["SUCCEEDED", "SUCCEEDED"]);
      const { rowsIn, csv, leftOut } = firstRun.export ?? assert.fail();
      assert.deepEqual([rowsIn, csv.rows, leftOut], [input.history, input.history, {}]);
      const { runId, seconds, export: made = assert.fail() } = lastRun;
      assert.match(runId, /^[0-9a-f]{12}-[0-9a-f]{8}$/);
      assert.ok("BuildInteractions" in seconds && "Export" in seconds);
      assert.deepEqual(
        [made.rowsIn, made.leftOut],
        [1515 + POISON_ROWS + produced.sessions, { ...LEFT_OUT_ONCE, noItem: produced.sessions }],
      );
      assert.deepEqual([made.engine, made.table.rows, made.table], ["lambda", 1515 + POISON_INTERACTIONS, made.expected]);
      const { bytes, sha256, head, ...inCsv } = made.csv;
      assert.deepEqual([inCsv.rows, head[0], head.length], [input.history, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", 5]);
      assert.match(sha256, /^[0-9a-f]{64}$/);
      const manifest = { runId, runDate: lastRun.runDate, ...inCsv, bytes, columns: head[0].split(","), etag: "" };
      assert.deepEqual({ ...made.manifest, etag: "" }, manifest);
    });

    it("trains twice, and requests recommendations once per session, as a consumer alone may", async () => {
      const [created, updated] = [firstRun.training, lastRun.training];
      assert.deepEqual([created?.decision, updated?.decision], ["created", "updated"]);
      assert.ok(updated?.metrics.coverage !== undefined && updated.metrics.coverage > 0);
      assert.deepEqual([created?.present, updated?.present, updated?.baseline], [null, created?.metrics, null]);
      const metric = "normalized_discounted_cumulative_gain_at_25";
      assert.ok((created?.metrics[metric] ?? 0) > (created?.baseline?.[metric] ?? Infinity));
      assert.notEqual(created?.solutionVersionArn, updated?.solutionVersionArn);
      const { arn, solutionVersionArn, requests, shown, followed } = report.campaign ?? assert.fail();
      assert.match(arn, /^arn:aws:personalize:ap-southeast-1:123456789012:campaign\/acme-c360-recommender-campaign-dev$/);
      assert.equal(solutionVersionArn, updated?.solutionVersionArn);
      const { sessions } = report.produced;
      assert.deepEqual([requests, shown], [sessions, 25 * sessions]);
      assert.ok(followed > 0 && followed < report.input.live);
      const requested = (await entries("decisions")).filter(({ action }) => action === "personalize:GetRecommendations");
      assert.equal(requested.length, sessions);
      assert.ok(requested.every(({ principal }) => String(principal).endsWith("user/acme-consumer")));
    });

    describe("serves boto3", () => {
      let python: string;
      before(async function () {
        python = await needPython(this);
      });

      it("which sends as a producer, sees stream and objects as the owner, and is refused the rest as on AWS", async () => {
        const script = join(REPOSITORY, "tests/python/outside_client.py");
        const seen = (await runPython(python, [script, join(folder, "endpoint.json"), "acme", "s-python"])) as Record<string, unknown>;
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

      it("whose records are forwarded", async () => {
        await eventually(async () => {
          const accepted = (await entries("events", "personalize")).filter(({ sessionId }) => sessionId === "s-python");
          const items = accepted.map(({ event }) => (event as { itemId: string }).itemId);
          assert.deepEqual(items.sort(), ["four", "one", "three", "two"]);
        });
      });

      it("whose calls as a producer are decided by the producers' policy alone", async () => {
        const calls = (await entries("decisions")).filter(({ principal }) => principal === "arn:aws:iam::123456789012:user/acme-producer");
        const allowed = calls.filter(({ decision }) => decision === "allow");
        const own = `${STREAM}/acme-c360-recommender-stream-dev`;
        const requests = new Set(allowed.map(({ action, resource }) => `${String(action)} ${String(resource)}`));
        assert.deepEqual([...requests].sort(), [`kinesis:PutRecord ${own}`, `kinesis:PutRecords ${own}`]);
        const denied = calls.filter(({ decision }) => decision === "deny").map(({ action }) => action);
        const ofData = ["kinesis:ListShards", "kinesis:PutRecord", "personalize:PutEvents", "lambda:InvokeFunction"];
        assert.deepEqual(denied, [...ofData, "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:GetObject"]);
      });

      it("by the Python that it prints, as it stands", async () => {
        const at = printed.findIndex((line) => line.includes("stays up"));
        assert.ok(printed[at].includes(readEndpoint().endpoint) && printed[at].includes("endpoint.json"), printed[at]);
        const lines = printed.slice(at + 1).map((line) => line.replace(/^ {2}/, ""));
        const put = 'kinesis.put_record(StreamName=cloud["tenants"]["acme"]["streamName"], PartitionKey="k", Data=b"{}")';
        assert.equal(
          await runPython(python, ["-c", [...lines, `print(json.dumps(${put}["ShardId"]))`].join("\n")]),
          "shardId-000000000000",
        );
      });
    });

    describe("at Ctrl-C", () => {
      it("ends with 130 and removes the access keys", async () => {
        ctrlC.abort(new Interrupted(130));
        assert.equal((await end).code, 130);
        assert.deepEqual(readdirSync(folder).sort(), ["report.json", "state", "version"]);
      });
    });
  });

  it("ends with 1 and says why when the forwarder and the SQL change what they pass on", async () => {
    const programDir = join(parent, "program");
    copyProgram(programDir);
    change(programDir, "functions/forwardEvents/validate.ts", "const { eventType } = value;", 'const eventType = "other";');
    change(programDir, "sql/csv_lines.sql", 'CAST("timestamp" AS varchar)', 'CAST("timestamp" + 1 AS varchar)');

    const plain = join(parent, "plain.csv");
    writeFileSync(plain, generateInteractions(1, 1500));
    const outcome = await run(`--interactions ${plain}`, { programDir });
    const { status, input: rows, produced, forwarded, problems, runs } = readReport();
    assert.deepEqual([outcome.code, status, outcome.errors], [1, "failed", []]);
    assert.equal(forwarded.missing, rows.live + produced.sessions);
    assert.ok(forwarded.changed >= 1);
    assert.deepEqual(
      problems.map(({ check, actual }) => [check, actual]),
      [
        ["history.export.csv.missing", rows.history],
        ["history.export.csv.unexpected", rows.history],
        ["forwarded.missing", forwarded.missing],
        ["forwarded.changed", forwarded.changed],
        ["export.csv.missing", 1500],
        ["export.csv.unexpected", 1500],
        // What streamed has another event type, so it counts beside what was imported.
        ["training.interactions", { ...runs[1].export?.expected, rows: 1500 + rows.live }],
      ],
    );
    const last = outcome.printed[outcome.printed.length - 1];
    assert.match(last, /\nproblem: history\.export\.csv\.missing: expected 0, got \d+\n[\s\S]*: failed$/);
  });

  it("ends with 130 at Ctrl-C while the program is deployed, and with it the program", async () => {
    const ctrlC = new AbortController();
    const end = run("", { signal: ctrlC.signal });
    const started = () => childrenOf(process.pid).filter((pid) => commandOf(pid).includes("pulumi/cmd/run"));
    const [program] = await eventually(() => (assert.equal(started().length, 1), started()));
    assert.ok(existsSync(join(folder, "endpoint.json")));
    ctrlC.abort(new Interrupted(130));
    assert.equal((await end).code, 130);
    await eventually(() => isGone(program));
    assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
  });

  describe("as a process", () => {
    let child: ChildProcess;
    let said: string;
    afterEach(() => void child.kill("SIGKILL"));

    function spawnStart(args: string, own: Partial<Pick<CommandContext, "programDir" | "folder">> = {}): void {
      const paths = { programDir: REPOSITORY, folder, ...own };
      const load = (name: string) => `require(${JSON.stringify(join(REPOSITORY, "cli", name))})`;
      const script = `${load("shared/command")}.runAsProcess(${load("start")}.start, ${JSON.stringify(paths)}, ${JSON.stringify(args.split(" "))})`;
      child = spawn(process.execPath, ["-r", "ts-node/register", "-e", script], { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
      said = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    }
    const exitCode = async (): Promise<unknown> => ((await once(child, "exit")) as unknown[])[0];

    it("exports the same CSV with Glue, and exits with 0 by itself", async function () {
      const python = await needPython(this);
      const own = join(parent, "glue");
      mkdirSync(own);
      symlinkSync(dirname(dirname(python)), join(own, "venv"));
      spawnStart(`--interactions ${input} --split user --export-engine glue --sabotage-training`, { folder: own });
      assert.equal(await exitCode(), 0, said);
      const { problems, runs } = readReport(join(own, "report.json"));
      const [{ export: glue, training: first }, { training: last }] = runs;
      assert.deepEqual([first?.decision, last?.decision, last?.present], ["created", "kept", first?.metrics], last?.reason);
      const [{ export: lambda }] = readReport(join(parent, "r.json")).runs;
      assert.deepEqual([problems, glue?.engine, lambda?.engine], [[], "glue", "lambda"]);
      assert.deepEqual(glue?.csv, lambda?.csv);
    });

    it("ends with 130 at Ctrl-C while it sends, and with it everything that it started", async () => {
      spawnStart(`--interactions ${input}`);
      await eventually(() => assert.match(said, /Send \d+ live rows/));
      const children = await eventually(() => (assert.ok(childrenOf(child.pid).length > 0), childrenOf(child.pid)));
      const { endpoint } = readEndpoint();
      child.kill("SIGINT");
      assert.equal(await exitCode(), 130, said);
      await eventually(() => children.forEach(isGone));
      await assert.rejects(fetch(endpoint));
      assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    });

    it("keeps the cloud up after a failed run too, for this user alone, and refuses a second run", async () => {
      const programDir = join(parent, "program-that-cannot-train");
      copyProgram(programDir);
      change(programDir, "Pulumi.local.yaml", "    campaign: true\n", "    campaign: true\n    recipe: aws-trending-now\n");
      spawnStart(`--interactions ${input} --keep`, { programDir });
      await eventually(() => assert.match(said, /stays up/));
      const { status, problems, runs } = readReport();
      assert.deepEqual([status, runs.length, runs[0].status, runs[0].error], ["failed", 2, "FAILED", "TrainingFailed"]);
      assert.deepEqual(
        problems.map(({ check, actual }) => [check, actual]),
        [
          ["history.pipeline.run", "FAILED"],
          ["pipeline.run", "FAILED"],
        ],
      );
      assert.equal(statSync(join(folder, "endpoint.json")).mode & 0o777, 0o600);
      const { endpoint, pid } = readEndpoint();
      assert.equal(pid, child.pid);
      assert.equal((await fetch(endpoint)).status >= 400, true);
      const again = await runCommand(pipeline, "--stack local", { folder });
      assert.deepEqual([again.code, again.errors.length], [1, 1]);
      assert.match(again.errors[0], /^npm run pipeline: FAILED: TrainingFailed: /);
      const second = await run(`--interactions ${input}`);
      assert.deepEqual([second.code, second.errors.length], [2, 1]);
      assert.match(second.errors[0], new RegExp(`another npm start is running \\(pid ${pid}, `));
      child.kill("SIGINT");
      assert.equal(await exitCode(), 130);
      assert.deepEqual(readdirSync(folder).sort(), ["report.json", "state", "version"]);
    });
  });
});

/** Replaces text in a file of a program. */
function change(programDir: string, file: string, from: string, to: string): void {
  const code = readFileSync(join(programDir, file), "utf8");
  assert.ok(code.includes(from), `${file} must contain ${from}`);
  writeFileSync(join(programDir, file), code.replace(from, to));
}

function childrenOf(pid: number | undefined): number[] {
  const parentOf = (name: string): number => {
    try {
      return Number(readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1].split(" ")[1]);
    } catch {
      return -1;
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function isGone(pid: number): void {
  assert.equal(existsSync(`/proc/${pid}`), false);
}

/** Answers of Python's calls: 403 with the code of JSON services or of S3. A HEAD has no body to carry a code. */
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
