import * as assert from "node:assert/strict";
import { otherDeployed, servedBefore } from "../../../cli/aws/solutionVersions";

/** Records as `decision version`, oldest first. */
const records = (text: string) =>
  text.split(", ").map((entry) => {
    const [decision, solution_version_arn] = entry.split(" ");
    return { decision, solution_version_arn, finished_at: "2026-01-01" };
  });

describe("the versions that served before", () => {
  const cases: [records: string, now: string, before: string[]][] = [
    ["created 1", "1", []],
    ["created 1, updated 2, updated 3", "3", ["2", "1"]],
    ["created 1, kept 2, skipped , updated 3, kept 3", "3", ["1"]],
    ["created 1, updated 2, updated 3, rolledBack 2", "2", ["1"]],
    ["created 1, updated 2, rolledBack 1, updated 3", "3", ["1"]],
    ["created 1, updated 2, rolledBack 1, updated 2", "2", ["1"]],
    ["created 1, updated 2, updated 3, updated 2, rolledBack 2", "2", ["1"]],
    ["created 1, updated 2, updated 3, rolledBack 2, rolledBack 3", "3", ["1"]],
    ["created 1, updated 2, updated 1", "1", ["2"]],
    ["created 1, updated 2, updated 3", "2", ["1"]],
    ["created 1, updated 2", "9", ["2", "1"]],
  ];
  for (const [text, now, before] of cases) {
    it(`${now} are [${before.join(", ")}] after ${text}`, () => assert.deepEqual(servedBefore(records(text), now), before));
  }
});

describe("the version that was deployed last of all but one", () => {
  it("is that of the newest record that deployed another one", () => {
    const rows = records("created 1, updated 2, kept 3");
    assert.deepEqual([otherDeployed(rows, "1"), otherDeployed(rows, "2"), otherDeployed([], "1")], ["2", "1", undefined]);
  });
});
