import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateInteractions } from "../../local/interactions/generator";
import { main } from "../../cli/start";
import type { Report } from "../../local/report";
import { REPOSITORY } from "../support/program";
import { needPython } from "@c360/local-aws/testing";

describe("npm start with each of the export's engines", function () {
  let parent: string;
  before(async function () {
    await needPython(this);
    parent = mkdtempSync(join(tmpdir(), "c360-engines-"));
  });
  after(() => parent && rmSync(parent, { recursive: true }));

  it("makes the same CSV of the same interactions, and the report says by which", async () => {
    const file = join(parent, "in.csv");
    writeFileSync(file, generateInteractions(5, 1500));
    const exports = [];
    for (const engine of ["lambda", "glue"]) {
      const json = join(parent, `${engine}.json`);
      const errors: string[] = [];
      const code = await main(["--interactions", file, "--export-engine", engine, "--json", json], {
        ...{ programDir: REPOSITORY, folder: join(parent, engine), signal: new AbortController().signal, silent: true },
        ...{ print: () => undefined, printError: (line: string) => void errors.push(line) },
      });
      const report = JSON.parse(readFileSync(json, "utf8")) as Report;
      assert.deepEqual([report.problems, errors, code], [[], [], 0]);
      exports.push(report.runs[0].export);
    }
    assert.deepEqual(
      exports.map((made) => made?.engine),
      ["lambda", "glue"],
    );
    const [lambda, glue] = exports.map((made) => made?.csv);
    assert.match(lambda?.sha256 ?? "", /^[0-9a-f]{64}$/);
    assert.deepEqual(glue, lambda);
  });
});
