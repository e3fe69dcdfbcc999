import * as assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Mocha from "mocha";
import { preparePython } from "../src/glue/python";
import { needPython, orFail } from "../testing/python";

describe("tests that need Python", () => {
  let parent: string;
  let folder: string;
  before(() => {
    parent = mkdtempSync(join(tmpdir(), "c360-venv-"));
    folder = join(parent, "venv");
  });
  after(() => rmSync(parent, { recursive: true }));

  /** A PATH on which python3 is this shell script, or is not. */
  const pathWith = (name: string, python3?: string): NodeJS.ProcessEnv => {
    const bin = join(parent, name);
    mkdirSync(bin);
    if (python3 !== undefined) writeFileSync(join(bin, "python3"), `#!/bin/sh\n${python3}\n`);
    if (python3 !== undefined) chmodSync(join(bin, "python3"), 0o755);
    return { PATH: bin };
  };
  const NONE = "there is no python3 in PATH";

  /** Runs a suite that needs Python, and tells how its one test ended. */
  const runSuite = (env: NodeJS.ProcessEnv) =>
    new Promise<string[]>((resolve) => {
      const ends: string[] = [];
      const mocha = new Mocha({ reporter: class {} as unknown as Mocha.ReporterConstructor });
      const suite = Mocha.Suite.create(mocha.suite, "suite");
      suite.beforeAll(async function () {
        await needPython(this, { folder, env }, (line) => ends.push(line));
      });
      suite.addTest(new Mocha.Test("uses Python", () => void ends.push("ran")));
      const runner = mocha.run(() => resolve(ends));
      runner.on("pending", ({ title }) => ends.push(`pending: ${title}`));
      runner.on("fail", (_, { message }: Error) => ends.push(`failed: ${message}`));
    });

  it("are pending with the reason when there is no python3", async () => {
    const env = pathWith("empty");
    assert.deepEqual(await preparePython({ folder, env }), { missing: NONE });
    assert.deepEqual(await runSuite(env), [`pending: suite: ${NONE}`, `pending: uses Python (pending: ${NONE})`]);
    assert.equal(existsSync(folder), false);
  });

  it("fail with the reason where Python is required", async () => {
    assert.deepEqual(await runSuite({ ...pathWith("required"), REQUIRE_PYTHON: "1" }), [`failed: REQUIRE_PYTHON=1, but ${NONE}`]);
    assert.throws(() => orFail({ missing: NONE }, true), { message: `REQUIRE_PYTHON=1, but ${NONE}` });
    assert.deepEqual(orFail({ missing: NONE }, false), { missing: NONE });
    assert.deepEqual(orFail({ interpreter: "python" }, true), { interpreter: "python" });
  });

  it("say what a python3 complained of last", async () => {
    const env = pathWith("broken", "echo Traceback >&2; echo 'No module named venv' >&2; exit 1");
    assert.deepEqual(await preparePython({ folder, env }), { missing: `python3 could not make ${folder}: No module named venv` });
  });

  describe("and find one", () => {
    before(async function () {
      await needPython(this);
    });
    const requirements = (content: string): string => {
      const file = join(parent, "requirements.txt");
      writeFileSync(file, content);
      return file;
    };

    it("make the environment anew until the packages are there, once for all who ask at the same time", async function () {
      this.timeout(120_000);
      const failed = await preparePython({ folder, requirements: requirements("./no-such-package\n") });
      assert.match("missing" in failed ? failed.missing : "", /^python3 could not make \S+: .*no-such-package/);
      const empty = requirements("# nothing\n");
      const both = await Promise.all([preparePython({ folder, requirements: empty }), preparePython({ folder, requirements: empty })]);
      const python = { interpreter: join(folder, "bin/python") };
      assert.deepEqual(both, [python, python]);
      const made = statSync(join(folder, "pyvenv.cfg")).ino;
      assert.deepEqual(await preparePython({ folder, requirements: empty }), python);
      assert.equal(statSync(join(folder, "pyvenv.cfg")).ino, made);
      assert.equal(existsSync(python.interpreter), true);
    });
  });
});
