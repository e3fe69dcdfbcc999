import * as assert from "node:assert/strict";
import { decide, type Manifest } from "../../../functions/exportInteractions/decide";

const MANIFEST: Manifest = { runId: "k-1", runDate: "2026-01-31", rows: 1, users: 1, items: 1, bytes: 9, columns: ["USER_ID", "ITEM_ID"] };

describe("the decision to replace a CSV", () => {
  const cases: [what: string, there: Partial<Manifest> | undefined, expected: string][] = [
    ["nothing", undefined, "replaced: noTarget"],
    ["this very run", {}, "kept: sameRun"],
    ["this run with other columns, which is a setting", { columns: ["USER_ID"] }, "replaced: sameRunDate"],
    ["another run of the date", { runId: "k-2" }, "replaced: sameRunDate"],
    ["a run of the same id of an older date", { runDate: "2026-01-30" }, "replaced: olderRunDate"],
    ["a run of the same id of a later date", { runDate: "2026-02-01" }, "kept: laterRunDate"],
  ];
  for (const [what, there, expected] of cases) {
    it(`is ${expected} where there is ${what}`, () => {
      const current = there && { etag: '"e"', manifest: { ...MANIFEST, ...there } };
      const { decision, reason } = decide(MANIFEST, current);
      assert.equal(`${decision}: ${reason}`, expected);
    });
  }
});
