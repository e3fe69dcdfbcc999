import * as assert from "node:assert/strict";
import { readCommand } from "../../../cli/teardown/options";
import { UsageError } from "../../../cli/usageError";

describe("the flags of npm run teardown", () => {
  it("are read", () => {
    assert.deepEqual(readCommand(["--stack", "local"]), { stack: "local", tenant: undefined, yes: false });
    assert.deepEqual(readCommand("--stack dev --tenant acme --yes".split(" ")), { stack: "dev", tenant: "acme", yes: true });
    assert.equal(readCommand(["--help"]), "help");
  });

  const wrong: [string, RegExp][] = [
    ["", /^--stack NAME is needed/],
    ["--stack", /--stack/],
    ["--stack local --nosuch", /--nosuch'?; npm run teardown -- --help/],
    ["--stack local --yes=true", /--yes/],
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
