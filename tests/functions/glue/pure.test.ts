import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { orFail } from "@c360/local-aws/testing";

/** The least that Glue has ever run such a script with. */
const LEAST = "import sys; sys.exit(sys.version_info < (3, 9))";

describe("the pure parts of the export's Glue job, with the standard library alone", () => {
  before(function () {
    const found = spawnSync("python3", ["-c", LEAST]);
    if (found.status === 0) return;
    const missing = found.error ? "there is no python3 in PATH" : "python3 must be 3.9 or later";
    orFail({ missing }, process.env.REQUIRE_PYTHON === "1");
    for (const test of this.test?.parent?.tests ?? []) test.title += ` (pending: ${missing})`;
    this.skip();
  });

  for (const file of readdirSync(__dirname).filter((name) => /^test_.*\.py$/.test(name))) {
    it(`pass ${file}`, () => {
      const { status, stderr } = spawnSync("python3", ["-B", "-m", "unittest", file.replace(".py", "")], { cwd: __dirname });
      const text = stderr.toString();
      assert.equal(status, 0, text);
      assert.match(text, /^Ran [1-9]\d* tests? in /m);
      assert.doesNotMatch(text, /skipped/);
    });
  }
});
