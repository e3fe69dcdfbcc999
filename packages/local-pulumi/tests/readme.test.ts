import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "node:util";
import * as localPulumi from "../src";
import { PRELUDE, writeProgram } from "../testing";

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

describe("the README", () => {
  it("has an example that works as it stands, in ten lines", async () => {
    const [, code] = /```js\n([^]+?)```/.exec(readFileSync(join(__dirname, "../README.md"), "utf8")) ?? assert.fail();
    const lines = code.split("\n").filter(Boolean);
    assert.ok(lines.length <= 10, `${lines.length} lines`);
    const program = writeProgram(`${PRELUDE}export const arn = new Thing("one").arn;`);
    const printed: string[] = [];
    const body = code
      .replace(/import (\{.+\}) from "@c360\/local-pulumi";/, "const $1 = localPulumi;")
      .replace('"/path/of/program"', JSON.stringify(program.programDir));
    try {
      const example = new AsyncFunction("localPulumi", "console", body) as (...args: unknown[]) => Promise<void>;
      await example(localPulumi, { log: (...shown: unknown[]) => void printed.push(format(...shown)) });
    } finally {
      program.remove();
    }
    assert.deepEqual(printed, ["checks test:index:Thing", "2 resources { arn: 'arn:of:it' }"]);
  });
});
