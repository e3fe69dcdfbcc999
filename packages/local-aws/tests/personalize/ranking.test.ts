import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { type Model, Ranking, type Scored, type Seen } from "../../src/personalize/ranking";

const item = fc.integer({ min: 0, max: 19 }).map((number) => `i${number}`);
const scored = fc.tuple(item, fc.double({ min: 0.001, max: 1, noNaN: true }));
const scoredItems = (maxLength: number): fc.Arbitrary<Scored[]> =>
  fc.uniqueArray(scored, { maxLength, selector: ([id]) => id }).map((items) => items.sort(([, first], [, second]) => second - first));
const model: fc.Arbitrary<Model> = fc.record({
  popular: scoredItems(20),
  neighbours: fc.dictionary(item, scoredItems(5), { minKeys: 1, maxKeys: 20 }),
  history: fc.constant({}),
});
const events: fc.Arbitrary<Seen[]> = fc.array(fc.tuple(item, fc.integer({ min: 1, max: 9 })), { maxLength: 30 });
const count = fc.integer({ min: 1, max: 30 });

function after(trained: Model, seen: readonly Seen[]): Ranking {
  const ranking = new Ranking(trained);
  for (const each of seen) ranking.see("u", each);
  return ranking;
}
const ids = (ranked: readonly Scored[]) => ranked.map(([id]) => id);

describe("the ranking for a user", () => {
  const PETS: Model = {
    popular: [
      ["dog", 6],
      ["cat", 3],
      ["owl", 1],
    ],
    neighbours: {
      dog: [
        ["cat", 0.5],
        ["fox", 0.25],
      ],
      cat: [
        ["dog", 0.5],
        ["owl", 0.125],
      ],
    },
    history: { old: [["dog", 7]] },
  };

  it("has items similar to the user's history, then popular items, then the history", () => {
    const sum = 0.5 + 0.25 + 0.125 + 0.25 / 3;
    assert.deepEqual(new Ranking(PETS).rank("old", 25), [
      ["cat", 0.5 / sum],
      ["fox", 0.25 / sum],
      ["owl", 0.125 / sum],
      ["dog", 0.25 / 3 / sum],
    ]);
  });

  it("is by popularity for an unknown user", () => {
    const popular = [
      ["dog", 0.6],
      ["cat", 0.3],
      ["owl", 0.1],
    ];
    for (const user of [undefined, "new"]) assert.deepEqual(new Ranking(PETS).rank(user, 25), popular);
    assert.deepEqual(ids(new Ranking(PETS).rank(undefined, 2)), ["dog", "cat"]);
  });

  it("follows interactions since the training, the newest most", () => {
    const ranking = new Ranking(PETS);
    ranking.see("new", ["cat", 8]);
    assert.deepEqual(ids(ranking.rank("new", 25)), ["dog", "owl", "cat"]);
    ranking.see("new", ["dog", 9]);
    assert.deepEqual(ids(ranking.rank("new", 25)), ["fox", "owl", "dog", "cat"]);
  });

  it("is the same for every user when no items are similar", () => {
    const ranking = new Ranking({ ...PETS, neighbours: {}, history: {} });
    ranking.see("new", ["dog", 9]);
    assert.deepEqual(ids(ranking.rank("new", 25)), ["dog", "cat", "owl"]);
  });

  it("has each item once, enough items, falling scores that add up to 1, and known items last", () => {
    fc.assert(
      fc.property(model, events, count, (trained, seen, most) => {
        const ranked = after(trained, seen).rank("u", most);
        assert.equal(new Set(ids(ranked)).size, ranked.length);
        assert.ok(ranked.length <= most && ranked.length >= Math.min(most, trained.popular.length));
        const scores = ranked.map(([, score]) => score);
        assert.ok(scores.every((score, i) => score > 0 && (i === 0 || score <= scores[i - 1])));
        if (ranked.length > 0) assert.ok(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-9);
        const known = new Set(ids(seen));
        const firstKnown = ranked.findIndex(([id]) => known.has(id));
        if (firstKnown >= 0)
          assert.ok(
            ids(ranked)
              .slice(firstKnown)
              .every((id) => known.has(id)),
          );
      }),
    );
  });

  it("is a prefix of a longer ranking", () => {
    fc.assert(
      fc.property(model, events, count, (trained, seen, most) => {
        const ranking = after(trained, seen);
        assert.deepEqual(ids(ranking.rank("u", most)), ids(ranking.rank("u", 30)).slice(0, most));
      }),
    );
  });

  it("does not depend on the order of events, nor on repetitions", () => {
    fc.assert(
      fc.property(model, events, (trained, seen) => {
        const expected = after(trained, seen).rank("u", 25);
        assert.deepEqual(after(trained, [...seen].reverse()).rank("u", 25), expected);
        assert.deepEqual(after(trained, [...seen, ...seen]).rank("u", 25), expected);
      }),
    );
  });
});
