import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Interrupted, nodeProblem, UsageError, writeJson } from "../../../cli/shared/command";
import { runCommand } from "../../support/commands";
import { REPOSITORY } from "../../support/program";

const COMMANDS = ["start", "preview", "pipeline", "teardown"];

describe("a command", () => {
  const failing = (error: Error): Command<object> => {
    return { name: "npm test", usage: "Usage", readFlags: () => ({}), run: () => Promise.reject(error) };
  };

  it("ends with 1 and one line when it fails, with 2 on wrong usage or input", async () => {
    const failed = { code: 1, printed: [], errors: ["npm test: first second"] };
    assert.deepEqual(await runCommand(failing(new Error("first\n  second")), ""), failed);
    assert.deepEqual(await runCommand(failing(new UsageError("wrong")), ""), { code: 2, printed: [], errors: ["npm test: wrong"] });
  });

  it("ends with the code of the signal that aborted it, without an error", async () => {
    for (const [reason, code] of [[new Interrupted(143), 143] as const, [undefined, 130] as const]) {
      const outcome = await runCommand(failing(new Error("aborted")), "", { signal: AbortSignal.abort(reason) });
      assert.deepEqual(outcome, { code, printed: [], errors: [] });
    }
  });

  it("loads nothing but flags before it runs", () => {
    const script = `
      const { join } = require("node:path");
      require("@swc/core");
      const before = Object.keys(require.cache);
      for (const name of ${JSON.stringify(COMMANDS)}) require(join(process.cwd(), "cli", name));
      console.log(JSON.stringify(Object.keys(require.cache).filter((file) => !before.includes(file))));`;
    const { stdout } = spawnSync(process.execPath, ["-r", "ts-node/register", "-e", script], { cwd: REPOSITORY, encoding: "utf8" });
    const expected = ["shared/command", ...COMMANDS].map((name) => join(REPOSITORY, "cli", `${name}.ts`));
    assert.deepEqual((JSON.parse(stdout) as string[]).sort(), expected.sort());
  });
});

describe("the version of Node.js", () => {
  const wanted = "needs Node.js 20.9 or later, found";
  const cases: [found: string, problem: string | undefined][] = [
    ["20.9.0", undefined],
    ["20.20.2", undefined],
    ["21.0.0", undefined],
    ["100.1.1", undefined],
    ["20.8.9", `${wanted} 20.8.9`],
    ["20.2.0", `${wanted} 20.2.0`],
    ["18.20.1", `${wanted} 18.20.1`],
    ["9.20.1", `${wanted} 9.20.1`],
  ];
  for (const [found, problem] of cases) {
    it(`${found} ${problem === undefined ? "will do" : "is too old"}`, () => assert.equal(nodeProblem(">=20.9", found), problem));
  }

  it("is compared with the engines of package.json, whose form it knows", () => {
    const { engines } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { engines: { node: string } };
    assert.equal(nodeProblem(engines.node, process.versions.node), undefined);
    assert.throws(() => nodeProblem("^20 || 22", "22.0.0"), /engines\.node must be like >=20\.9, got \^20 \|\| 22/);
  });
});

describe("a JSON file", () => {
  it("is replaced atomically, in a folder that it creates", () => {
    const folder = mkdtempSync(join(tmpdir(), "c360-json-"));
    const file = join(folder, "a", "report.json");
    writeJson(file, { seed: 1 });
    writeJson(file, { seed: 2 });
    assert.equal(readFileSync(file, "utf8"), '{\n  "seed": 2\n}\n');
    assert.deepEqual(readdirSync(join(folder, "a")), ["report.json"]);
    rmSync(folder, { recursive: true });
  });
});
