import * as assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { literal } from "../../src/athena/engine";
import { JobFailure } from "../../src/personalize/lifecycle";
import { RECIPE_ARNS, train } from "../../src/personalize/recipes";
import { Sql } from "../../src/personalize/interactions";
import { type Model, Ranking } from "../../src/personalize/ranking";
import type { Row } from "../../testing/interactionRows";
import { tastes } from "../support/tastes";

const POPULARITY = "arn:aws:personalize:::recipe/aws-popularity-count";
const PERSONAL = "arn:aws:personalize:::recipe/aws-user-personalization-v2";

describe("recipes of the local Personalize", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "c360-recipes-"));
  });
  after(() => rm(folder, { recursive: true }));

  const trained = (rows: readonly Row[], recipeArn: string): ReturnType<typeof train> =>
    Sql.use(join(folder, "sql"), new AbortController().signal, async (sql) => {
      const values = rows.map(([user, item, time, type]) => `(${literal(user)}, ${literal(item)}, ${time}, ${literal(String(type))})`);
      const columns = 'AS t(user_id, item_id, "timestamp", event_type)';
      await sql.run(`CREATE TABLE interactions AS SELECT * FROM (VALUES ${values.join(", ")}) ${columns}`);
      return train(sql, recipeArn);
    });
  const itemsOf = (model: Model, user: string, count: number) => new Ranking(model).rank(user, count).map(([item]) => item);

  it("are known by their ARNs", () => {
    assert.deepEqual(RECIPE_ARNS, [POPULARITY, PERSONAL.replace("-v2", ""), PERSONAL]);
  });

  it("count interactions, and recommend the same to every user", async () => {
    const { model } = await trained(
      [...tastes(50), ["u1", "a7", 1, "watch"], ["u3", "a7", 1, "watch"], ["u3", "a7", 2, "watch"]],
      POPULARITY,
    );
    assert.equal(model.popular.length, 100);
    assert.deepEqual(itemsOf(model, "u0", 100), itemsOf(model, "nobody", 100));
    assert.deepEqual(model.popular[0], ["a7", 15]);
  });

  it("find the other items of users with the same items", async () => {
    const { model } = await trained(tastes(50), PERSONAL);
    const unseen = Array.from({ length: 10 }, (_, i) => `a${40 + i}`);
    assert.deepEqual(itemsOf(model, "u0", 10).sort(), unseen);
    assert.deepEqual(model.history.u0[0], ["a39", 1_700_000_039]);
  });

  it("are measured on the newest tenth of what held-out users did", async () => {
    const { metrics } = await trained(tastes(40), PERSONAL);
    const { coverage, ...others } = metrics;
    const rounded = Object.entries(others).map(([name, value]) => [name, Number(value.toFixed(9))]);
    assert.deepEqual(Object.fromEntries(rounded), {
      mean_reciprocal_rank_at_25: 1,
      normalized_discounted_cumulative_gain_at_5: 1,
      normalized_discounted_cumulative_gain_at_10: 1,
      normalized_discounted_cumulative_gain_at_25: 1,
      precision_at_5: 4 / 5,
      precision_at_10: 4 / 10,
      precision_at_25: 4 / 25,
    });
    assert.ok(coverage > 0 && coverage <= 1, String(coverage));
    const popular = (await trained(tastes(40), POPULARITY)).metrics.normalized_discounted_cumulative_gain_at_25;
    assert.ok(popular < 1, String(popular));
  });

  it("do not depend on the order of the rows", async () => {
    const rows = tastes(50);
    assert.deepEqual(await trained(rows.reverse(), PERSONAL), await trained(tastes(50), PERSONAL));
  });

  it("accept any text as an id, and keep 64-bit ids exact to the last digit", async () => {
    const names: Record<string, string> = { u0: "constructor", u2: 'it\'s "q"', a49: "18446744073709551615", a48: "9007199254740993" };
    const named = tastes(50).map(([user, item, ...rest]): Row => [
      names[user] ?? user,
      user === "u5" ? "__proto__" : (names[item] ?? item),
      ...rest,
    ]);
    const { model } = await trained(named, PERSONAL);
    const kept = JSON.parse(JSON.stringify(model)) as Model;
    const first = itemsOf(kept, "constructor", 10);
    assert.deepEqual(
      ["18446744073709551615", "9007199254740993"].filter((item) => first.includes(item)),
      ["18446744073709551615", "9007199254740993"],
    );
    assert.equal(kept.popular.filter(([item]) => item === "__proto__").length, 1);
  });

  it("need 1000 interactions, and 25 users with two or more", async () => {
    const lonely = tastes(50).map(([user, ...rest]): Row => [Number(user.slice(1)) < 24 ? user : `${user}-${rest[1]}`, ...rest]);
    const reason = (rows: number, users: number) =>
      `Training needs at least 1000 interactions and 25 users with 2 or more, the dataset has ${rows} and ${users}.`;
    await assert.rejects(trained(tastes(50).slice(0, 999), PERSONAL), new JobFailure(reason(999, 25)));
    await assert.rejects(trained(lonely, POPULARITY), new JobFailure(reason(1200, 24)));
    await trained(tastes(50).slice(0, 1000), POPULARITY);
  });

  it("need two or more interactions of one percent of the users", async () => {
    const once = (count: number) => Array.from({ length: count }, (_, i): Row => [`once${i}`, "i0", 1, "watch"]);
    const rows = tastes(50);
    const users = new Set(rows.map(([user]) => user)).size;
    const exact = users * 99;
    await trained([...rows, ...once(exact)], POPULARITY);
    const reason = `Training needs 2 or more interactions of at least 1% of the users, the dataset has ${users} such users of ${exact + users + 1}.`;
    await assert.rejects(trained([...rows, ...once(exact + 1)], POPULARITY), new JobFailure(reason));
  });
});
