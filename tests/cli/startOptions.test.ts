import * as assert from "node:assert/strict";
import { readOptions } from "../../cli/startOptions";
import { UsageError } from "../../cli/usageError";

describe("the flags of npm start", () => {
  it("have defaults", () => {
    assert.deepEqual(readOptions([]), {
      interactions: undefined,
      split: "time",
      liveShare: 0.2,
      stack: "local",
      tenant: undefined,
      exportEngine: undefined,
      seed: 1,
      scale: 60,
      poison: 0,
      strict: false,
      keep: false,
      json: undefined,
    });
  });

  it("are read", () => {
    const text =
      "--interactions a.csv --split user --live-share .5 --stack dev --tenant acme --export-engine glue --seed 7 --scale 1e3 --poison 0.1 --strict --keep --json r.json";
    assert.deepEqual(readOptions(text.split(" ")), {
      interactions: "a.csv",
      split: "user",
      liveShare: 0.5,
      stack: "dev",
      tenant: "acme",
      exportEngine: "glue",
      seed: 7,
      scale: 1000,
      poison: 0.1,
      strict: true,
      keep: true,
      json: "r.json",
    });
    assert.equal(readOptions(["--help"]), "help");
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
    ["--json=", /--json must name a file/],
    ["--interactions", /--interactions/],
    ["--nosuch 1", /--nosuch/],
    ["file.csv", /file\.csv/],
    ["--strict=yes", /--strict/],
  ];
  for (const [text, message] of wrong) {
    it(`refuse ${text}`, () => {
      assert.throws(
        () => readOptions(text.split(" ")),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
