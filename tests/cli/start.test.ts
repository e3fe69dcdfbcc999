import * as assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { Interrupted, main } from "../../cli/start";

const ROOT = resolve(__dirname, "../..");
const GOOD = "USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\nu,i,2\nv,j,3\n";

describe("npm start with wrong usage or input", () => {
  let parent: string;
  let folder: string;
  before(() => {
    parent = mkdtempSync(join(tmpdir(), "c360-main-"));
    folder = join(parent, ".local");
  });
  after(() => rmSync(parent, { recursive: true }));

  const run = async (args: string[], { programDir = ROOT, signal = new AbortController().signal } = {}) => {
    const printed: string[] = [];
    const errors: string[] = [];
    const print = (line: string): void => void printed.push(line);
    const code = await main(args, { programDir, folder, print, printError: (line) => errors.push(line), signal, silent: true });
    return { code, printed, errors };
  };
  const file = (content: string | Buffer): string => {
    writeFileSync(join(parent, "in.csv"), content);
    return join(parent, "in.csv");
  };

  const cases: [string, () => string[], RegExp][] = [
    ["an unknown flag", () => ["--nosuch"], /--nosuch/],
    ["a wrong value", () => ["--scale", "0"], /--scale must be above 0, got "0"/],
    ["a missing file", () => ["--interactions", join(parent, "none.csv")], /there is no .*none\.csv/],
    ["an empty file", () => ["--interactions", file("")], /is empty/],
    ["a file that is not CSV", () => ["--interactions", file("\u0000\u0001binary")], /is not CSV/],
    [
      "a file without a needed column",
      () => ["--interactions", file("USER_ID,TIMESTAMP\nu,1\n")],
      /no column ITEM_ID: it needs .*, found USER_ID, TIMESTAMP/,
    ],
    ["gzip that is cut off", () => ["--interactions", file(gzipSync(GOOD).subarray(0, 30))], /not sound gzip/],
    [
      "a file without a good row",
      () => ["--interactions", file("USER_ID,ITEM_ID,TIMESTAMP\nu,i,0\n")],
      /no good row: timestampNotPositive 1 \(line 2\)/,
    ],
    [
      "a wrong row with --strict",
      () => ["--strict", "--interactions", file(`${GOOD},i,1\n`)],
      /wrong rows, which --strict does not take: userIdEmpty 1 \(line 5\)/,
    ],
    ["a file without a live row", () => ["--split", "user", "--interactions", file("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n")], /no live row/],
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
    ["a report that is a folder", () => ["--json", parent], /--json must name a file that can be written, .* is no regular file/],
    [
      "a report that is the input",
      () => ["--interactions", file(`${GOOD}`), "--json", join(parent, "in.csv")],
      /--json must name a file that can be written, .* is the input/,
    ],
    ["a stack that adopts buckets", () => ["--stack", "alice"], /--stack alice must make its own buckets/],
  ];
  for (const [name, args, message] of cases) {
    it(`ends with 2 and one line on ${name}, before anything starts`, async () => {
      const { code, printed, errors } = await run(args());
      assert.deepEqual([code, printed, errors.length], [2, [], 1]);
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
      /^npm start: --stack local must have no export\.source for tenant acme: /,
    ],
    [
      "an engine that the tenant overrides",
      "tenants: [{ name: acme, export: { engine: lambda } }]",
      ["--export-engine", "glue"],
      /^npm start: --export-engine must be lambda, which tenant acme of stack local has for itself, got "glue"$/,
    ],
  ];
  for (const [name, setting, args, message] of settings) {
    it(`ends with 2 on ${name}`, async () => {
      const programDir = mkdtempSync(join(parent, "program-"));
      writeFileSync(join(programDir, "Pulumi.yaml"), "name: c360-recommender\nruntime: nodejs\n");
      const lines = ["stage: dev", ...(setting.startsWith("tenants") ? [] : ["tenants: [acme]"]), setting];
      writeFileSync(join(programDir, "Pulumi.local.yaml"), `config:\n${lines.map((line) => `  c360-recommender:${line}\n`).join("")}`);
      const { code, errors } = await run(args, { programDir });
      assert.deepEqual([code, errors.length], [2, 1]);
      assert.match(errors[0], message);
    });
  }

  it("ends with 2 beside a running one, and leaves that one's folder alone", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "lock"), `${process.ppid}\n`);
    const { code, errors } = await run([]);
    assert.deepEqual([code, readdirSync(folder)], [2, ["lock"]]);
    assert.match(errors[0], new RegExp(`another npm start is running \\(pid ${process.ppid}, `));
    rmSync(folder, { recursive: true });
  });

  it("shows the flags", async () => {
    const { code, printed, errors } = await run(["--help"]);
    assert.deepEqual([code, errors], [0, []]);
    for (const flag of [
      "interactions",
      "split",
      "live-share",
      "stack",
      "tenant",
      "export-engine",
      "seed",
      "scale",
      "poison",
      "strict",
      "keep",
      "json",
    ])
      assert.ok(printed[0].includes(`--${flag} `), flag);
  });

  it("ends with 130 when it is interrupted while it reads", async () => {
    const { code, errors } = await run([], { signal: AbortSignal.abort(new Interrupted(130)) });
    assert.deepEqual([code, errors], [130, []]);
    assert.equal(existsSync(folder), false);
  });
});
