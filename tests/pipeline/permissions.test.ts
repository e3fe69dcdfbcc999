import * as assert from "node:assert/strict";
import { DeployedPipeline } from "../support/deployedPipeline";
import { historyFile, enoughRows } from "@c360/local-aws/testing";
import { RecommendingPipeline } from "../support/recommendingPipeline";

/** How a run ends whose role lacks a statement, by the statement's Sid. */
const LACKING: Record<string, string> = {
  AcquireLock: "LockFailed",
  InvokeFunctions: "HistoryFailed",
  RunQueries: "BuildFailed",
  ReadCatalog: "CatalogFailed",
  PublishPartitions: "CatalogFailed",
  LocateBuckets: "BuildFailed",
  ListUpstream: "BuildFailed",
  ListLake: "BuildFailed",
  ListCache: "PartsFailed",
  ReadUpstream: "BuildFailed",
  KeepTable: "BuildFailed",
  WriteParts: "PartsFailed",
  KeepResults: "BuildFailed",
};
/** The same of statements for what comes after the export. */
const LACKING_LATER: Record<string, string> = {
  Import: "ImportFailed",
  PassRole: "ImportFailed",
  Train: "TrainingFailed",
  ListVersions: "TrainingFailed",
  Deploy: "DeploymentFailed",
  RecordRun: "RecordFailed",
};
/** What asks for every statement. */
const ALL = { train: "weekly", campaign: true } as const;
/** What only AWS asks for. */
const BESIDES = ["UseGlueCatalog", "FindDefaultDatabase", "DeliverLogs", "Trace"];

describe("the pipeline's role", () => {
  it("has the statements of this test and no others", async () => {
    const world = await DeployedPipeline.open(ALL);
    const inputs = world.resources.find(({ name }) => name === "p-role-policy")?.inputs;
    const { Statement } = inputs?.policy as { Statement: { Sid: string }[] };
    assert.deepEqual(Statement.map(({ Sid }) => Sid).sort(), [...Object.keys({ ...LACKING, ...LACKING_LATER }), ...BESIDES].sort());
    await world.close();
  });

  for (const [without, expected] of Object.entries(LACKING)) {
    it(`needs ${without}: without it the run ends in ${expected}, which says why`, async () => {
      const world = await DeployedPipeline.open({ without });
      try {
        await world.drop(historyFile(enoughRows()));
        const { status, error, cause = "" } = await world.run({ runDate: "2026-01-31" });
        assert.deepEqual([status, error], ["FAILED", expected]);
        assert.match(cause, /not authorized to perform|denied/i);
      } finally {
        await world.close();
      }
    });
  }

  for (const [without, expected] of Object.entries(LACKING_LATER)) {
    it(`needs ${without} after the export: without it the run ends in ${expected}, which says why`, async () => {
      const world = await RecommendingPipeline.open({ ...ALL, without });
      try {
        const { status, error, cause = "" } = await world.run("lacking");
        assert.deepEqual([status, error], ["FAILED", expected]);
        assert.match(cause, /not authorized to perform|denied/i);
      } finally {
        await world.close();
      }
    });
  }
});
