import * as assert from "node:assert/strict";
import { planProduction } from "../../local/interactions/production";
import type { Interaction } from "../../local/interactions/table";
import { catchUp, whyNoCampaign } from "../../local/simulate";
import { tableOf } from "../support/interactions";
import { GATE } from "../support/report";

const COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];
const TRAINS = { train: "afterExport", campaign: true } as const;

/** As many rows as are asked for of so many users, of which a fifth is live. */
function why(rows: Interaction[], exported: object = {}, training: { train: "never" | "afterExport"; campaign: boolean } = TRAINS) {
  const production = planProduction(tableOf(rows), { split: "time", liveShare: 0.2, seed: 1, poison: 0 });
  const settings = { streamedEvents: "include" as const, interactionColumns: COLUMNS, ...exported };
  return whyNoCampaign({ tenant: "acme", production, exported: settings, training: { ...training, gate: GATE } });
}
const rowsOf = (count: number, users: number, change: (n: number) => Partial<Interaction> = () => ({})): Interaction[] =>
  Array.from({ length: count }, (_, n) => {
    return { userId: `u${n % users}`, itemId: `i${n}`, timestamp: 1000 + n, eventType: "watch", ...change(n) };
  });

describe("a campaign before anything is live", () => {
  it("can be there when the history alone is enough", () => {
    assert.equal(why(rowsOf(1250, 25)), undefined);
  });

  it("needs 1000 interactions and 25 users with two or more", () => {
    const least = "and Personalize trains on at least 1000 and 25";
    assert.equal(why(rowsOf(1249, 25)), `the history has only 999 interactions and 25 users with two or more, ${least}`);
    const once = (n: number): Partial<Interaction> => (n === 0 ? { userId: "once" } : {});
    assert.equal(why(rowsOf(1250, 25, once)), undefined);
    assert.equal(why(rowsOf(1250, 24, once)), `the history has only 1000 interactions and 24 users with two or more, ${least}`);
  });

  it("counts equal interactions once, and what the stack does not count not at all", () => {
    assert.match(why(rowsOf(1250, 25, (n) => (n === 25 ? { itemId: "i0", timestamp: 1000 } : {}))) ?? "", /has only 999 interactions/);
    const shown = (n: number): Partial<Interaction> => (n === 0 ? { eventType: "impression" } : {});
    assert.match(why(rowsOf(1250, 25, shown)) ?? "", /has only 999 interactions/);
    assert.equal(why(rowsOf(1250, 25, shown), { eventTypes: ["watch", "impression"] }), undefined);
  });

  it("does not tell event types apart that the CSV leaves out", () => {
    const twins = (n: number): Partial<Interaction> => (n === 25 ? { itemId: "i0", timestamp: 1000, eventType: "click" } : {});
    assert.equal(why(rowsOf(1250, 25, twins)), undefined);
    assert.match(why(rowsOf(1250, 25, twins), { interactionColumns: COLUMNS.slice(0, 3) }) ?? "", /has only 999 interactions/);
  });

  it("needs two rows of one percent of the users, and at most ten event types", () => {
    const visitor = (n: number): Partial<Interaction> => (n >= 50 && n < 5000 ? { userId: `once${n}` } : {});
    const found = "the history has two or more interactions of only 25 of 4975 users";
    assert.equal(why(rowsOf(6250, 25, visitor)), `${found}, and Personalize trains on at least 1% of the users with two`);
    const typed = (types: number) => (n: number) => ({ eventType: `type${n % types}` });
    assert.equal(why(rowsOf(1250, 25, typed(10))), undefined);
    const many = "the history has 11 event types, and Personalize takes at most 10 (recommender.eventTypes names those that count)";
    assert.equal(why(rowsOf(1250, 25, typed(11))), many);
    assert.equal(why(rowsOf(1250, 25, typed(11)), { interactionColumns: COLUMNS.slice(0, 3) }), undefined);
  });

  it("is not there where the stack says so", () => {
    const rows = rowsOf(1250, 25);
    assert.equal(why(rows, {}, { ...TRAINS, campaign: false }), "tenant acme has no campaign (recommender.campaign)");
    assert.equal(why(rows, {}, { ...TRAINS, train: "never" }), "tenant acme never trains (pipeline.train)");
  });
});

const signal = new AbortController().signal;

describe("waiting for the workers", () => {
  it("ends when nothing is pending any more, and not at the first quiet moment", async () => {
    const pending = [3, 0, 2, 0, 0, 0, 9];
    assert.equal(await catchUp({ pending: () => pending.shift() ?? 9, stallMs: 10_000, signal }), 0);
    assert.deepEqual(pending, [9]);
  });

  it("gives up when nothing moves, and says what is left", async () => {
    const told: number[] = [];
    assert.equal(await catchUp({ pending: () => 5, stallMs: 120, signal, onProgress: (left) => told.push(left) }), 5);
    assert.ok(told.length >= 3 && told.every((left) => left === 5));
  });

  it("gives up when the number goes up and down without a new low", async () => {
    let polls = 0;
    assert.equal((await catchUp({ pending: () => 5 + (polls++ % 2), stallMs: 120, signal })) >= 5, true);
  });

  it("ends when the run is interrupted", async () => {
    const controller = new AbortController();
    const waiting = catchUp({ pending: () => 1, stallMs: 60_000, signal: controller.signal });
    controller.abort(new Error("stop"));
    await assert.rejects(waiting, { name: "AbortError" });
  });
});
