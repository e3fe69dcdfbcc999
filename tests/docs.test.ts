import * as assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipelineDefinition } from "../components/pipeline/definition";
import { readStatement } from "../components/pipeline/statements";
import { DEFINITION_ARGS } from "./support/definitionArgs";
import { fakePorts, forward } from "./support/forwardFixture";
import { kinesisBatch, viewRecord } from "./support/kinesisEvent";

const ROOT = join(__dirname, "..");
const FORWARDER = join(ROOT, "functions/forwardEvents");

/** Reasons that no line of the shared contract can bring about: the data of a stream's record is base64, and no service answers. */
const BEYOND_THE_CONTRACT = ["badBase64", "rejected"];

/** Errors of the export's function that end a run under their own name; a wrong input cannot come from the pipeline. */
function exportErrors(): string[] {
  const folder = join(ROOT, "functions/exportInteractions");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const sources = files.map((file) => readFileSync(join(folder, file), "utf8"));
  const names = sources.flatMap((text) => [...text.matchAll(/failure\("(\w+)"/g)].map(([, name]) => name));
  return [...new Set(names)].filter((name) => name !== "BadInput").sort();
}

/** Figures that the statements name beside reasons. */
const FIGURES = ["rowsIn"];

/** The code words in one column of the first table below a heading of the runbook. */
function documented(heading: string, column: number, table = 0): string[] {
  const runbook = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
  const section = runbook.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split(/\n(?=[^|\n])/).flatMap((block) => {
    const lines = block.split("\n").filter((line) => line.startsWith("|"));
    return lines.length === 0 ? [] : [lines.slice(2)];
  });
  return (rows[table] ?? []).map((row) => /`([^`]+)`/.exec(row.split("|")[column + 1])?.[1] ?? row).sort();
}

describe("the runbook", () => {
  it("explains every reason of a dead letter, and no other", () => {
    const lines = readFileSync(join(ROOT, "tests/contracts/events.ndjson"), "utf8").trimEnd().split("\n");
    const reasons = lines.flatMap((line) => (JSON.parse(line) as { reason?: string }).reason ?? []);
    assert.deepEqual(documented("What a dead letter's reason means", 0), [...new Set([...reasons, ...BEYOND_THE_CONTRACT])].sort());
  });

  it("explains every line that the forwarder logs", () => {
    const sources = readdirSync(FORWARDER).map((file) => readFileSync(join(FORWARDER, file), "utf8"));
    const messages = sources.flatMap((text) => [...text.matchAll(/level: "[A-Z]+", message: "([^"]+)"/g)].map(([, message]) => message));
    assert.deepEqual(documented("Log lines", 1), messages.sort());
  });

  it("explains every error in which a run of the pipeline ends", () => {
    const { States } = pipelineDefinition(DEFINITION_ARGS);
    const errors = Object.values(States).flatMap(({ Type, Error }) =>
      Type === "Fail" && !String(Error).startsWith("{%") ? [String(Error)] : [],
    );
    assert.deepEqual(documented("The pipeline", 0), errors.sort());
    assert.deepEqual(documented("The pipeline", 0, 1), exportErrors());
  });

  it("explains every reason for which a row is left out", () => {
    const statements = ["classified_rows", "history_rows", "event_rows", "count_interactions"].map(readStatement).join("");
    const reasons = [...statements.matchAll(/(?:THEN|ELSE) '(?:leftOut\.)?(\w+)'/g)].map(([, reason]) => reason);
    const explained = [...documented("The pipeline", 0, 2), ...documented("What a dead letter's reason means", 0)];
    const found = [...new Set(reasons)].filter((reason) => !FIGURES.includes(reason)).sort();
    assert.deepEqual(
      found.filter((reason) => !explained.includes(reason)),
      [],
    );
    assert.deepEqual(
      documented("The pipeline", 0, 2).filter((reason) => !found.includes(reason)),
      [],
    );
  });

  it("explains every metric", async () => {
    const { ports, logs } = fakePorts();
    await forward(kinesisBatch([viewRecord("s1", ["i1"])]), ports);
    const { _aws } = logs.find((line) => "_aws" in line) as { _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } };
    const names = _aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
    assert.deepEqual(documented("Log lines", 0, 1), names.sort());
  });
});
