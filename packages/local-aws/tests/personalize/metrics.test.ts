import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { type Judged, solutionMetrics } from "../../src/personalize/recipes";

const ids = fc.uniqueArray(fc.integer({ min: 0, max: 59 }).map(String), { maxLength: 40 });
const judged: fc.Arbitrary<Judged> = fc
  .record({ ranked: ids, relevant: fc.uniqueArray(fc.integer({ min: 0, max: 59 }).map(String), { minLength: 1, maxLength: 30 }) })
  .map(({ ranked, relevant }) => ({ ranked, relevant: new Set(relevant) }));
const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);

describe("metrics of a solution", () => {
  it("match a calculation by hand", () => {
    const { coverage, ...means } = solutionMetrics(
      [
        { ranked: ["a", "b", "c", "d", "e", "f"], relevant: new Set(["b", "f", "z"]) },
        { ranked: ["a"], relevant: new Set(["q"]) },
      ],
      12,
    );
    assert.equal(coverage, 6 / 12);
    const second = 0.630929753571;
    const sixth = 0.356207187108;
    const best = 1 + second + 0.5;
    const expected: Record<string, number> = {
      mean_reciprocal_rank_at_25: 1 / 2,
      normalized_discounted_cumulative_gain_at_5: second / best,
      normalized_discounted_cumulative_gain_at_10: (second + sixth) / best,
      normalized_discounted_cumulative_gain_at_25: (second + sixth) / best,
      precision_at_5: 1 / 5,
      precision_at_10: 2 / 10,
      precision_at_25: 2 / 25,
    };
    assert.deepEqual(Object.keys(means), Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) close(means[name], value / 2);
  });

  it("are 0 when no user was held out", () => {
    assert.deepEqual([...new Set(Object.values(solutionMetrics([], 0)))], [0]);
  });

  it("are between 0 and 1, and ignore items after the 25th", () => {
    fc.assert(
      fc.property(fc.array(judged, { maxLength: 8 }), (users) => {
        const metrics = solutionMetrics(users, 60);
        for (const [name, value] of Object.entries(metrics)) assert.ok(value >= 0 && value <= 1, name);
        const cut = users.map(({ ranked, relevant }) => ({ ranked: ranked.slice(0, 25), relevant }));
        assert.deepEqual(solutionMetrics(cut, 60), metrics);
      }),
    );
  });

  it("are highest when relevant items come first, and fall when they come later", () => {
    fc.assert(
      fc.property(judged, ({ ranked, relevant }) => {
        const one = (order: readonly string[]) => solutionMetrics([{ ranked: order, relevant }], 60);
        const found = ranked.filter((item) => relevant.has(item));
        const missed = ranked.filter((item) => !relevant.has(item));
        const [best, given, worst] = [[...found, ...missed], ranked, [...missed, ...found]].map(one);
        for (const name of Object.keys(given).filter((key) => key !== "coverage")) {
          assert.ok(best[name] >= given[name] - 1e-9 && given[name] >= worst[name] - 1e-9, name);
        }
        const perfect = one([...relevant, ...missed]);
        assert.deepEqual([perfect.mean_reciprocal_rank_at_25, perfect.normalized_discounted_cumulative_gain_at_25], [1, 1]);
      }),
    );
  });
});
