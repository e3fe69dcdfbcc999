import type { Sql } from "../sql";
import { JobFailure } from "../lifecycle";
import { solutionMetrics, type Judged } from "./metrics";
import { type Model, Ranking, type Scored, type Seen } from "./model";
import { CO_OCCURRENCE, historyOf, POPULARITY, SPLIT } from "./statements";

/** Least to train on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const LEAST_INTERACTIONS = 1000;
const LEAST_USERS = 25;
const RANKED = 25;

/** Recipes that run here, and whether they tell users apart: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html */
const RECIPES: Record<string, { personal: boolean }> = {
  "arn:aws:personalize:::recipe/aws-popularity-count": { personal: false },
  "arn:aws:personalize:::recipe/aws-user-personalization": { personal: true },
  "arn:aws:personalize:::recipe/aws-user-personalization-v2": { personal: true },
};

/** The recipes' ARNs. */
export const RECIPE_ARNS = Object.keys(RECIPES);

/**
 * Trains on the table `interactions` but for what is held out, and measures how well that is recommended. The same rows in another
 * order give the same model and the same metrics.
 *
 * @param recipeArn one of {@link RECIPE_ARNS}
 * @throws JobFailure when there is too little
 */
export async function train(sql: Sql, recipeArn: string): Promise<{ model: Model; metrics: Record<string, number> }> {
  await checkMinimum(sql);
  for (const statement of [...SPLIT, POPULARITY]) await sql.run(statement);
  const popular = (await sql.rows("SELECT item_id, score FROM popular ORDER BY score DESC, item_id")).map(scored);
  const model: Model = { popular, neighbours: {}, history: {} };
  if (!RECIPES[recipeArn].personal) return { model, metrics: await measure(sql, model) };
  model.history = await history(sql, "training");
  await sql.run(CO_OCCURRENCE);
  model.neighbours = await neighbours(sql);
  const metrics = await measure(sql, model);
  return { model: { ...model, history: await history(sql, "interactions") }, metrics };
}

async function checkMinimum(sql: Sql): Promise<void> {
  const [[rows, users]] = await sql.rows(
    "SELECT coalesce(sum(n), 0), count(*) FILTER (n > 1) FROM (SELECT count(*) AS n FROM interactions GROUP BY user_id)",
  );
  if (Number(rows) >= LEAST_INTERACTIONS && Number(users) >= LEAST_USERS) return;
  throw new JobFailure(
    `Training needs at least ${LEAST_INTERACTIONS} interactions and ${LEAST_USERS} users with 2 or more, the dataset has ${Number(rows)} and ${Number(users)}.`,
  );
}

async function measure(sql: Sql, model: Model): Promise<Record<string, number>> {
  const ranking = new Ranking(model);
  const relevant = new Map<string, Set<string>>();
  for (const [user, item] of await sql.rows("SELECT DISTINCT user_id, item_id FROM hidden ORDER BY user_id, item_id")) {
    const items = relevant.get(String(user)) ?? new Set();
    relevant.set(String(user), items.add(String(item)));
  }
  const judged = [...relevant].map(([user, items]): Judged => {
    return { ranked: ranking.rank(user, RANKED).map(([item]) => item), relevant: items };
  });
  const [[items]] = await sql.rows("SELECT count(DISTINCT item_id) FROM interactions");
  return solutionMetrics(judged, Number(items));
}

/** Rows as JSON: the client takes three times as long for as many values. */
async function neighbours(sql: Sql): Promise<Model["neighbours"]> {
  const list = (column: string) => `CAST(to_json(list(${column} ORDER BY score DESC, other)) AS VARCHAR)`;
  const rows = await sql.rows(`SELECT item_id, ${list("other")}, ${list("score")} FROM neighbours GROUP BY item_id ORDER BY item_id`);
  return Object.fromEntries(
    rows.map(([item, others, scores]) => {
      const numbers = JSON.parse(String(scores)) as number[];
      return [String(item), (JSON.parse(String(others)) as string[]).map((other, i): Scored => [other, numbers[i]])];
    }),
  );
}

async function history(sql: Sql, table: string): Promise<Model["history"]> {
  await sql.run(historyOf(table));
  const found = new Map<string, Seen[]>();
  for (const [user, ...seen] of await sql.rows("SELECT user_id, item_id, newest FROM history ORDER BY user_id, newest DESC, item_id")) {
    const items = found.get(String(user)) ?? [];
    items.push(scored(seen));
    found.set(String(user), items);
  }
  return Object.fromEntries(found);
}

function scored([item, score]: readonly unknown[]): Scored {
  return [String(item), Number(score)];
}
