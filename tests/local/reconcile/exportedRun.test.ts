import * as assert from "node:assert/strict";
import { S3Client } from "@aws-sdk/client-s3";
import { planProduction } from "../../../local/interactions/production";
import { compareRun, exportLocations } from "../../../local/reconcile/exportedRun";
import { tableOf } from "../../support/interactions";

const BUCKETS = { lake: "l", downstream: "d" };

describe("the reconciliation of a run", () => {
  it("compares nothing of a run that failed, names why, and keeps the run", async () => {
    const run = {
      runId: "abc",
      runDate: "2026-11-25",
      status: "FAILED",
      error: "TooFew",
      cause: "999 rows:\n 1000 needed",
      seconds: { A: 1 },
    };
    const settings = { streamedEvents: "include" as const, interactionColumns: [] };
    const production = planProduction(tableOf([]), { split: "time", liveShare: 0.2, seed: 1, poison: 0 });
    const exported = { run, settings, places: exportLocations("dev", BUCKETS) };
    assert.deepEqual(await compareRun(production, new S3Client({ region: "r" }), exported), {
      runs: [run],
      problems: [{ check: "pipeline.run", expected: "SUCCEEDED", actual: "FAILED", examples: ["TooFew: 999 rows: 1000 needed"] }],
    });
  });

  it("looks for a personal stage's keys below its name", () => {
    const table = "crm_derived_restricted/t200_dashboard_interaction/";
    const [csv, manifest] = ["recommender/personalize_input.csv", "recommender/personalize_input.manifest.json"];
    assert.deepEqual(exportLocations("prod", BUCKETS), { ...BUCKETS, table, csv, manifest });
    assert.deepEqual(exportLocations("alice", BUCKETS), {
      ...{ ...BUCKETS, table: `alice/${table}`, csv: `alice/${csv}`, manifest: `alice/${manifest}` },
    });
  });
});
