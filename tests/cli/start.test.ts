import * as assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Interrupted, UsageError } from "../../cli/shared/command";
import { start } from "../../cli/start";
import { runCommand } from "../support/commands";

const GOOD = "USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nu,i,2\nv,j,3\n";

describe("the flags of npm start", () => {
  it("have defaults", () => {
    assert.deepEqual(start.readFlags([]), {
      ...{
        interactions: undefined,
        columns: undefined,
        split: "time",
        liveShare: 0.2,
        stack: "local",
        tenant: undefined,
        exportEngine: undefined,
      },
      ...{ seed: 1, scale: 60, poison: 0, sabotageTraining: false, strict: false, keep: false, json: undefined },
    });
  });

  it("are read", () => {
    const given =
      "--interactions a.csv --columns USER_ID=userId,TIMESTAMP=event=time --split user --live-share .5 --stack dev --tenant acme --export-engine glue";
    const more = "--seed 7 --scale 1e3 --poison 0.1 --sabotage-training --strict --keep --json r.json";
    assert.deepEqual(start.readFlags(`${given} ${more}`.split(" ")), {
      ...{
        interactions: "a.csv",
        columns: { USER_ID: "userId", TIMESTAMP: "event=time" },
        split: "user",
        liveShare: 0.5,
        stack: "dev",
        tenant: "acme",
        exportEngine: "glue",
      },
      ...{ seed: 7, scale: 1000, poison: 0.1, sabotageTraining: true, strict: true, keep: true, json: "r.json" },
    });
  });

  const wrong: [string, RegExp][] = [
    ["--split item", /^--split must be time or user, got "item"$/],
    ["--export-engine spark", /^--export-engine must be lambda or glue, got "spark"$/],
    ["--live-share 0", /^--live-share must be between 0 and 1, both excluded, got "0"$/],
    ["--live-share 1", /--live-share must be/],
    ["--live-share half", /--live-share must be .* got "half"$/],
    ["--seed=-1", /^--seed must be a whole number from 0, got "-1"$/],
    ["--seed 1.5", /--seed must be/],
    ["--seed 0x10", /--seed must be/],
    ["--scale 0", /^--scale must be above 0, got "0"$/],
    ["--scale NaN", /--scale must be/],
    ["--scale 1e999", /--scale must be/],
    ["--poison 1.1", /^--poison must be from 0 to 1, got "1.1"$/],
    ["--poison -1", /^--poison must be from 0 to 1, got "-1"$/],
    ["--strict -1", /--strict/],
    ["--stack ../x", /^--stack must be a stack's name/],
    ["--tenant ACME", /^--tenant must be a tenant's name/],
    ["--interactions=", /--interactions must name a file/],
    ["--columns userId", /^--columns must be pairs such as USER_ID=userId,ITEM_ID=movieId of .*, got "userId"$/],
    ["--columns=", /^--columns must be pairs/],
    ["--columns USER_ID=", /^--columns must be pairs/],
    ["--columns USER_ID=a,USER_ID=b", /^--columns must be pairs/],
    ["--columns USER_ID=a,ITEM_ID=A", /with different header names, got "USER_ID=a,ITEM_ID=A"$/],
    ["--json=", /--json must name a file/],
    ["--interactions", /--interactions/],
    ["--nosuch 1", /--nosuch/],
    ["file.csv", /file\.csv/],
    ["--strict=yes", /--strict/],
  ];
  for (const [text, message] of wrong) {
    it(`refuse ${text}`, () => {
      const isRefusal = (error: Error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n");
      assert.throws(() => start.readFlags(text.split(" ")), isRefusal);
    });
  }

  it("are shown", async () => {
    const { code, printed, errors } = await runCommand(start, "--help");
    assert.deepEqual([code, errors], [0, []]);
    const flags =
      "interactions columns split live-share stack tenant export-engine seed scale poison sabotage-training strict keep json".split(" ");
    for (const flag of flags) assert.ok(printed[0].includes(`--${flag} `), flag);
  });
});

describe("npm start with wrong input", () => {
  let parent: string;
  let folder: string;
  before(() => {
    parent = mkdtempSync(join(tmpdir(), "c360-start-"));
    folder = join(parent, ".local");
  });
  after(() => rmSync(parent, { recursive: true }));

  const file = (content: string | Buffer, name = "in.csv"): string => {
    writeFileSync(join(parent, name), content);
    return join(parent, name);
  };

  const cases: [string, () => string[], RegExp][] = [
    ["a wrong flag", () => ["--scale", "0"], /--scale must be above 0, got "0"/],
    ["a missing file", () => ["--interactions", join(parent, "none.csv")], /there is no .*none\.csv/],
    ["an empty file", () => ["--interactions", file("")], /is empty/],
    ["a file that is not CSV", () => ["--interactions", file("a\u0001binary")], /in\.csv is not text: export it as CSV/],
    [
      "a file without a needed column",
      () => ["--interactions", file("USER_ID,TIMESTAMP\nu,1\n")],
      /in\.csv has no column ITEM_ID: rename one, or set history\.columns \(npm start: --columns\), got "USER_ID,TIMESTAMP"/,
    ],
    ["gzip that is cut off", () => ["--interactions", file(gzipSync(GOOD).subarray(0, 30), "in.csv.gz")], /is a truncated gzip file/],
    [
      "a file without a good row",
      () => ["--interactions", file("USER_ID,ITEM_ID,TIMESTAMP\nu,i,0\n")],
      /no good row: timestampNotPositive 1 \(line 2\)/,
    ],
    [
      "a bad row with --strict",
      () => ["--strict", "--interactions", file(`${GOOD},i,1\n`)],
      /bad rows, which --strict refuses: userIdEmpty 1 \(line 5\)/,
    ],
    ["a file without a live row", () => ["--split", "user", "--interactions", file("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n")], /no live row/],
    [
      "a file that is too small for Personalize",
      () => ["--interactions", file(GOOD)],
      /in\.csv has only \d interactions and \d users with two or more, and Personalize trains on at least 1000 and 25$/,
    ],
    [
      "a tenant that the stack does not have",
      () => ["--tenant", "nosuch"],
      /--tenant must be one of stack local \(.*acme.*\), got "nosuch"/,
    ],
    ["a stack that does not exist", () => ["--stack", "No-Such"], /No-Such/],
    [
      "a report in a folder that does not exist",
      () => ["--json", join(parent, "none", "r.json")],
      /--json must name a file that can be written, in a folder that exists/,
    ],
    ["a report that is a folder", () => ["--json", parent], /--json must name a file that can be written, .* is not a regular file/],
    [
      "a report that is the input",
      () => ["--interactions", file(GOOD), "--json", join(parent, "in.csv")],
      /--json must name a file that can be written, .* is the input/,
    ],
    ["a stack that adopts buckets", () => ["--stack", "alice"], /--stack alice must create its buckets/],
  ];
  for (const [name, args, message] of cases) {
    it(`ends with 2 and one line on ${name}, before anything starts`, async () => {
      const { code, errors } = await runCommand(start, args(), { folder });
      assert.deepEqual([code, errors.length], [2, 1]);
      assert.match(errors[0], message);
      assert.match(errors[0], /^npm start: [^\n]+$/);
      assert.equal(existsSync(folder), false);
    });
  }

  const settings: [string, string, string[], RegExp][] = [
    ["an unknown setting of the stack", "tenant: acme", [], /^npm start: config c360-recommender:tenant is an unknown setting/],
    [
      "a tenant that exports somebody else's parts",
      "export: { source: { prefix: crm/web/ } }",
      [],
      /^npm start: --stack local must not set export\.source for tenant acme: /,
    ],
    [
      "too few interactions also where nothing is trained, because the pipeline imports them",
      "recommender: { eventTypes: [nosuch], campaign: false }",
      [],
      /^npm start: the generated interactions has only 0 interactions and 0 users with two or more, and Personalize trains on /,
    ],
    [
      "too few interactions without those that are sent live",
      "export: { streamedEvents: exclude }",
      ["--live-share", "0.99"],
      /^npm start: the generated interactions, without what is sent live \(export\.streamedEvents\), has only \d+ interactions/,
    ],
    [
      "an engine that the tenant overrides",
      "tenants: [{ name: acme, export: { engine: lambda } }]",
      ["--export-engine", "glue"],
      /^npm start: --export-engine must be lambda, which tenant acme of stack local sets for itself, got "glue"$/,
    ],
  ];
  for (const [name, setting, args, message] of settings) {
    it(`ends with 2 on ${name}`, async () => {
      const programDir = mkdtempSync(join(parent, "program-"));
      writeFileSync(join(programDir, "Pulumi.yaml"), "name: c360-recommender\nruntime: nodejs\n");
      const lines = ["stage: dev", ...(setting.startsWith("tenants") ? [] : ["tenants: [acme]"]), setting];
      writeFileSync(join(programDir, "Pulumi.local.yaml"), `config:\n${lines.map((line) => `  c360-recommender:${line}\n`).join("")}`);
      const { code, errors } = await runCommand(start, args, { folder, programDir });
      assert.deepEqual([code, errors.length], [2, 1]);
      assert.match(errors[0], message);
    });
  }

  it("ends with 2 beside a running one, and leaves that one's folder alone", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "lock"), `${process.ppid}\n`);
    const { code, errors } = await runCommand(start, "", { folder });
    assert.deepEqual([code, readdirSync(folder)], [2, ["lock"]]);
    assert.match(errors[0], new RegExp(`another npm start is running \\(pid ${process.ppid}, `));
    rmSync(folder, { recursive: true });
  });

  it("ends with 130 when it is interrupted while it reads", async () => {
    const { code, errors } = await runCommand(start, "", { folder, signal: AbortSignal.abort(new Interrupted(130)) });
    assert.deepEqual([code, errors], [130, []]);
    assert.equal(existsSync(folder), false);
  });
});
