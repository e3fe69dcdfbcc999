import * as assert from "node:assert/strict";
import { problem } from "../../local/report";
import { renderReport } from "../../local/reportTable";
import { exportedRun, reconciledReport, trained } from "../support/report";

describe("the report", () => {
  it("keeps five examples of a problem", () => {
    assert.deepEqual(problem("c", 0, 7, "abcdefg"), { check: "c", expected: 0, actual: 7, examples: ["a", "b", "c", "d", "e"] });
  });

  it("shows a failed run's cause with its advice, and says where it cuts a longer example", () => {
    const advice = `left out: ${"badUserId 1, ".repeat(40)}- drop more history.`;
    const report = { ...reconciledReport(), problems: [problem("pipeline.run", "SUCCEEDED", "FAILED", [advice, "x".repeat(1001)])] };
    const lines = renderReport(report).split("\n");
    assert.deepEqual(lines.slice(-3, -1), [`  ${advice}`, `  ${"x".repeat(1000)}...`]);
  });

  it("is shown as a table with the verdict last", () => {
    const lines = renderReport(reconciledReport()).split("\n");
    assert.equal(lines[lines.length - 1], "acme on stack local: reconciled");
    const cells = lines
      .filter((line) => line.startsWith("│"))
      .map((line) =>
        line
          .split("│")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    assert.deepEqual(cells, [
      ["", "count", "of it"],
      ["rows in", "1,010", "1,000 good, 10 left out"],
      ["history", "800", "rows uploaded to upstream"],
      ["live", "200", "rows in 40 sessions"],
      ["produced", "70", "records, 200 events, 12,345 bytes"],
      ["delivered", "70", "records in 2 objects; 0 missing, 0 doubled, 0 changed"],
      ["forwarded", "200", "events, 199 distinct; 0 missing, 0 doubled, 0 changed"],
      ["calls", "50", "4.00 events per call, 0 throttled"],
      ["dead letters", "0", "none"],
      ["seconds", "3.2", "deploy 2, produce 1.2"],
    ]);
  });

  it("shows what a run of the pipeline made, and one that failed", () => {
    const report = reconciledReport();
    report.runs = [exportedRun()];
    const shown = () =>
      renderReport(report)
        .split("\n")
        .filter((line) => /^│ (pipeline|export in|table|CSV|training|metrics|campaign) /.test(line))
        .map((line) =>
          line
            .split("│")
            .slice(1, -1)
            .map((cell) => cell.trim()),
        );
    assert.deepEqual(shown(), [
      ["pipeline", "1.5", "seconds, run date 2026-11-25, SUCCEEDED"],
      ["export in", "1,000", "rows, left out: anonymous 1, duplicate 9"],
      ["table", "990", "rows, 25 users, 300 items; 990 expected"],
      ["CSV", "990", "rows, 25 users, 300 items, 23,456 bytes by lambda"],
    ]);
    const { runId, runDate } = exportedRun();
    report.runs = [{ runId, runDate, status: "FAILED", error: "TooFewInteractions", cause: "few", seconds: { CheckMinimum: 0.2 } }];
    assert.deepEqual(shown(), [["pipeline", "0.2", "seconds, run date 2026-11-25, FAILED"]]);

    report.runs = [{ ...exportedRun(), training: trained("updated") }];
    const { solutionVersionArn } = trained("updated");
    report.campaign = { arn: "arn:of:it", solutionVersionArn, requests: 40, shown: 1000, followed: 12 };
    assert.deepEqual(shown().slice(4), [
      ["training", "", "updated: the run trained a solution version"],
      ["metrics", "3", "coverage 0.250, precision_at_25 0.012,"],
      ["campaign", "40", "requests, 1,000 items shown, 12 followed; serves 0123abcd"],
    ]);
    report.runs = [{ ...exportedRun(), training: { ...trained("skipped"), reason: `${solutionVersionArn} is not a week old` } }];
    assert.deepEqual(shown().slice(4, 5), [["training", "", "skipped: 0123abcd is not a week old"]]);
  });

  it("goes on in the next line with counts that are too many for one", () => {
    const report = reconciledReport();
    report.deadLetters.byReason = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`reason${n}`, n]));
    const cells = renderReport(report)
      .split("\n")
      .filter((line) => line.includes("reason"));
    const shown = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `reason${from + n} ${from + n}`).join(", ");
    assert.deepEqual(
      cells.map((line) => line.split("│")[3].trim()),
      [`${shown(0, 6)},`, shown(6, 10)],
    );
  });

  it("shows problems, poison and dead letters", () => {
    const report = reconciledReport();
    report.status = "failed";
    report.problems = [problem("delivered.missing", 0, 2, ["first", "second"])];
    report.produced.poison = { badJson: 2, repeated: 1200 };
    report.deadLetters = { objects: 1, records: 3, byReason: { badJson: 3 } };
    const text = renderReport(report);
    assert.match(text, /│ poison +│ 1,202 │ badJson 2, repeated 1,200 /);
    assert.match(text, /│ dead letters +│ +3 │ badJson 3 /);
    assert.match(text, /\nproblem: delivered\.missing: expected 0, got 2\n {2}first\n {2}second\nacme on stack local: failed$/);
  });
});
