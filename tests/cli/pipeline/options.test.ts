import * as assert from "node:assert/strict";
import { readCommand } from "../../../cli/pipeline/options";
import { UsageError } from "../../../cli/usageError";

describe("the flags of npm run pipeline", () => {
  it("are read", () => {
    assert.deepEqual(readCommand(["--stack", "local"]), {
      ...{ stack: "local", tenant: undefined, runDate: undefined, runKey: undefined, rebuild: false, json: undefined },
    });
    const text = "--stack dev --tenant acme --run-date 2028-02-29 --run-key 2026-11-25T02:15:00Z --rebuild --json r.json";
    assert.deepEqual(readCommand(text.split(" ")), {
      ...{ stack: "dev", tenant: "acme", runDate: "2028-02-29", runKey: "2026-11-25T02:15:00Z", rebuild: true, json: "r.json" },
    });
    assert.equal(readCommand(["--help"]), "help");
  });

  const wrong: [string, RegExp][] = [
    ["", /^--stack NAME is needed/],
    ["--stack", /--stack/],
    ["--stack local --run-date 2026-02-29", /^--run-date must be a day as 2026-01-31, got "2026-02-29"$/],
    ["--stack local --run-date 2026-1-1", /--run-date must be/],
    ["--stack local --run-date 20260101", /--run-date must be/],
    ["--stack local --run-key=", /^--run-key must be 1 to 256 characters .* got ""$/],
    ["--stack local --json=", /^--json must be the name of a file, got ""$/],
    ["--stack local --nosuch", /--nosuch'?; npm run pipeline -- --help/],
    ["local", /local/],
  ];
  for (const [text, message] of wrong) {
    it(`refuse "${text}"`, () => {
      assert.throws(
        () => readCommand(text.split(" ").filter(Boolean)),
        (error: Error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n"),
      );
    });
  }
});
