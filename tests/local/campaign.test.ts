import * as assert from "node:assert/strict";
import { whyNoCampaign } from "../../local/campaign";
import { planProduction } from "../../local/interactions/production";
import type { Interaction } from "../../local/interactions/table";
import { tableOf } from "../support/interactions";

const COLUMNS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];
const TRAINS = { train: "afterExport", campaign: true } as const;

/** As many rows as are asked for of so many users, of which a fifth is live. */
function why(rows: Interaction[], exported: object = {}, training: { train: "never" | "afterExport"; campaign: boolean } = TRAINS) {
  const production = planProduction(tableOf(rows), { split: "time", liveShare: 0.2, seed: 1, poison: 0 });
  const settings = { streamedEvents: "include" as const, interactionColumns: COLUMNS, ...exported };
  return whyNoCampaign({ tenant: "acme", production, exported: settings, training });
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
    assert.equal(why(rowsOf(1249, 25)), `the history alone has 999 interactions and 25 users with two or more, ${least}`);
    const once = (n: number): Partial<Interaction> => (n === 0 ? { userId: "once" } : {});
    assert.equal(why(rowsOf(1250, 25, once)), undefined);
    assert.equal(why(rowsOf(1250, 24, once)), `the history alone has 1000 interactions and 24 users with two or more, ${least}`);
  });

  it("counts equal interactions once, and what the stack does not count not at all", () => {
    assert.match(why(rowsOf(1250, 25, (n) => (n === 25 ? { itemId: "i0", timestamp: 1000 } : {}))) ?? "", /has 999 interactions/);
    const shown = (n: number): Partial<Interaction> => (n === 0 ? { eventType: "impression" } : {});
    assert.match(why(rowsOf(1250, 25, shown)) ?? "", /has 999 interactions/);
    assert.equal(why(rowsOf(1250, 25, shown), { eventTypes: ["watch", "impression"] }), undefined);
  });

  it("does not tell event types apart that the CSV leaves out", () => {
    const twins = (n: number): Partial<Interaction> => (n === 25 ? { itemId: "i0", timestamp: 1000, eventType: "click" } : {});
    assert.equal(why(rowsOf(1250, 25, twins)), undefined);
    assert.match(why(rowsOf(1250, 25, twins), { interactionColumns: COLUMNS.slice(0, 3) }) ?? "", /has 999 interactions/);
  });

  it("is not there where the stack says so", () => {
    const rows = rowsOf(1250, 25);
    assert.equal(why(rows, {}, { ...TRAINS, campaign: false }), "tenant acme has no campaign (recommender.campaign)");
    assert.equal(why(rows, {}, { ...TRAINS, train: "never" }), "tenant acme never trains (pipeline.train)");
  });
});
