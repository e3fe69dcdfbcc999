import * as assert from "node:assert/strict";
import { planProduction, withRecommendations } from "../../../local/interactions/production";
import type { Interaction } from "../../../local/interactions/table";
import { expectedExport } from "../../../local/reconciliation/expectedExport";
import { tableOf } from "../../support/interactions";
import { LEFT_OUT_ONCE, POISON_INTERACTIONS, POISON_ROWS } from "../../support/poison";

const row = (userId: string, timestamp: number, eventType = "watch"): Interaction => ({ userId, itemId: "i", timestamp, eventType });
const all = (): boolean => true;

describe("what a run of the pipeline must make", () => {
  const rows = [row("a", 100), row("b", 100), row("a", 100), row("c", 100), row("a", 200), row("a", 200, "impression")];
  const plan = (poison = 0) => planProduction(tableOf(rows), { split: "time", liveShare: 0.5, seed: 1, poison });

  it("has each interaction once, and knows which came as events", () => {
    const { rows, rowsIn, leftOut } = expectedExport(plan(), all);
    assert.deepEqual(
      [...rows],
      [
        ['["a","i",100,"watch"]', { streamed: false }],
        ['["b","i",100,"watch"]', { streamed: false }],
        ['["c","i",100,"watch"]', { streamed: true }],
        ['["a","i",200,"watch"]', { streamed: true }],
        ['["a","i",200,"impression"]', { streamed: true }],
      ],
    );
    assert.deepEqual([rowsIn, leftOut], [6, { duplicate: 1 }]);
  });

  it("takes a row of the history that came as an event too for streamed", () => {
    const table = tableOf([row("a", 100), row("a", 100)]);
    const { rows } = expectedExport(planProduction(table, { split: "time", liveShare: 0.5, seed: 1, poison: 0 }), all);
    assert.deepEqual([...rows], [['["a","i",100,"watch"]', { streamed: true }]]);
  });

  it("leaves out event types that do not count, before it looks for duplicates", () => {
    const { rows, rowsIn, leftOut } = expectedExport(plan(), (type) => type === "impression");
    assert.deepEqual([[...rows.keys()], rowsIn, leftOut], [['["a","i",200,"impression"]'], 6, { uncountedEventType: 5 }]);
  });

  it("reads what sessions were shown, and has it in no table", () => {
    const planned = plan();
    const shown = planned.sessions.slice(0, 2).map(({ id }) => [id, { items: ["i"], recommendationId: "r" }] as const);
    const { rows, rowsIn, leftOut } = expectedExport(withRecommendations(planned, new Map(shown)), all);
    assert.deepEqual([rows.size, rowsIn, leftOut], [5, 6 + 2, { duplicate: 1, noItem: 2 }]);
  });

  it("counts each kind of poison as what the lake can read of it", () => {
    const { rows, rowsIn, leftOut } = expectedExport(plan(0.1), all);
    assert.equal(rowsIn, 6 + POISON_ROWS);
    assert.deepEqual(leftOut, { ...LEFT_OUT_ONCE, duplicate: 2 });
    assert.equal(rows.size, 5 + POISON_INTERACTIONS);
    const poison = [...rows].filter(([key]) => key.includes("poison-"));
    assert.ok(poison.length === POISON_INTERACTIONS && poison.every(([, { streamed }]) => streamed));
  });
});
