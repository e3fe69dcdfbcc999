import type { PipelineRun, Report, Training } from "../../local/report";

/** A report of a small run that came out. */
export function reconciledReport(): Report {
  return {
    version: 1,
    stack: "local",
    stage: "dev",
    tenant: "acme",
    seed: 1,
    scale: 60,
    status: "reconciled",
    problems: [],
    input: {
      file: null,
      sha256: "0".repeat(64),
      rows: 1010,
      valid: 1000,
      history: 800,
      live: 200,
      leftOut: { userIdEmpty: { count: 10, lines: [2] } },
    },
    produced: { records: 70, events: 200, bytes: 12_345, sessions: 40, poison: {} },
    delivered: { objects: 2, records: 70, bytes: 12_415, missing: 0, doubled: 0, changed: 0 },
    forwarded: {
      events: 200,
      distinct: 199,
      redelivered: 1,
      calls: 50,
      eventsPerCall: 4,
      throttled: 0,
      missing: 0,
      doubled: 0,
      changed: 0,
    },
    deadLetters: { objects: 0, records: 0, byReason: {} },
    seconds: { total: 3.21, deploy: 2, produce: 1.21 },
    runs: [],
  };
}

/** Settings of a quality gate. */
export const GATE = { metric: "normalized_discounted_cumulative_gain_at_25", tolerance: 0.1, requireBaseline: false };

/** What a run says that it trained. */
export function trained(decision: Training["decision"]): Training {
  const isTrained = decision !== "skipped";
  return {
    solutionVersionArn: isTrained ? "arn:aws:personalize:ap-southeast-1:123456789012:solution/acme/0123abcd" : "",
    metrics: isTrained ? { coverage: 0.25, precision_at_25: 0.0123, normalized_discounted_cumulative_gain_at_25: 0.0656 } : {},
    ...{ baseline: null, present: null, decision },
    reason: isTrained ? "the run trained a solution version" : "pipeline.train is never",
  };
}

/** A run of the pipeline that came out, as that report would have it. */
export function exportedRun(): PipelineRun {
  const totals = { rows: 990, users: 25, items: 300 };
  return {
    runId: "0123456789ab-1",
    runDate: "2026-11-25",
    status: "SUCCEEDED",
    seconds: { Prepare: 0.01, BuildInteractions: 1.5 },
    export: {
      ...{ engine: "lambda", rowsIn: 1000, leftOut: { anonymous: 1, duplicate: 9 }, expected: totals, table: totals },
      csv: { ...totals, bytes: 23_456, sha256: "0".repeat(64), head: ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"] },
      manifest: {},
    },
  };
}
