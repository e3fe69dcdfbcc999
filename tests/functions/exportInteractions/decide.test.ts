import * as assert from "node:assert/strict";
import { checkShrink, decide, fromMetadata, type Manifest, toMetadata } from "../../../functions/exportInteractions/decide";

const MANIFEST: Manifest = { runId: "k-1", runDate: "2026-01-31", rows: 1, users: 1, items: 1, bytes: 9, columns: ["USER_ID", "ITEM_ID"] };

const FOUND = { etag: '"e"', lastModified: "2026-02-01T02:30:00.000Z" };

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
      const current = there && { ...FOUND, manifest: { ...MANIFEST, ...there } };
      const { decision, reason } = decide(MANIFEST, current);
      assert.equal(`${decision}: ${reason}`, expected);
    });
  }
});

describe("a CSV that shrinks", () => {
  const current = { ...FOUND, manifest: { ...MANIFEST, rows: 1000 } };

  it("may lose the share of its rows that is given, and no row more", () => {
    for (const [rows, maxShrink] of [
      ...[[800, 0.2] as const, [5000, 0.2] as const, [1000, 0] as const, [1, 1] as const, [0, 1] as const],
    ]) {
      checkShrink(rows, maxShrink, current);
    }
    const message =
      "The CSV must not lose more than 0.2 of its rows (pipeline.maxShrink), it has 1000 rows of run date 2026-01-31, the new one would " +
      "have 799: restore what is missing and start again with rebuild: true, or accept it with acceptShrink: true";
    assert.throws(() => checkShrink(799, 0.2, current), { name: "CsvShrank", message });
    assert.throws(() => checkShrink(999, 0, current), { name: "CsvShrank" });
  });

  it("is one that an export wrote and that has rows", () => {
    checkShrink(1, 0.2, undefined);
    checkShrink(1, 0.2, FOUND);
    checkShrink(0, 0.2, { ...FOUND, manifest: { ...MANIFEST, rows: 0 } });
  });
});

describe("a manifest as metadata", () => {
  const stored = Object.fromEntries(Object.entries(toMetadata(MANIFEST)).map(([name, value]) => [name.toLowerCase(), value]));

  it("is read as it was written", () => {
    assert.deepEqual(fromMetadata(stored), MANIFEST);
  });

  it("is none when a value is missing or is no such value", () => {
    for (const [name, value] of [
      ["rows", ""],
      ["users", "1e3"],
      ["items", "-1"],
      ["bytes", "1.5"],
      ["rundate", "31.01.2026"],
      ["runid", ""],
      ["columns", ""],
    ]) {
      assert.equal(fromMetadata({ ...stored, [name]: value }), undefined, `${name} ${value}`);
    }
    assert.equal(fromMetadata({}), undefined);
  });
});
