import type { Sql } from "../sql";
import { JobFailure } from "../lifecycle";
import { solutionMetrics, type Judged } from "./metrics";
import { type Model, Ranking, type Scored } from "./model";
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
 * Trains on the table `interactions` but for what is held out, and measures how well that is recommended.
 *
 * @param recipeArn one of {@link RECIPE_ARNS}
 * @throws JobFailure when there is too little
 */
export async function train(sql: Sql, recipeArn: string): Promise<{ model: Model; metrics: Record<string, number> }> {
  await checkMinimum(sql);
  const { personal } = RECIPES[recipeArn];
  for (const statement of SPLIT) await sql.run(statement);
  await sql.run(historyOf("training"));
  await sql.run(POPULARITY);
  if (personal) await sql.run(CO_OCCURRENCE);
  const trained = {
    popular: (await sql.rows("SELECT item_id, score FROM popular ORDER BY score DESC, item_id")).map(scored),
    neighbours: personal ? await neighbours(sql) : {},
    items: Number((await sql.rows("SELECT count(DISTINCT item_id) FROM training"))[0][0]),
  };
  const metrics = await measure(sql, { ...trained, history: await history(sql) });
  await sql.run(historyOf("interactions"));
  return { model: { ...trained, history: await history(sql) }, metrics };
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
  return solutionMetrics(judged, model.items);
}

async function neighbours(sql: Sql): Promise<Model["neighbours"]> {
  const found: Model["neighbours"] = Object.create(null) as Model["neighbours"];
  for (const [item, other, score] of await sql.rows("SELECT item_id, other, score FROM neighbours ORDER BY item_id, score DESC, other")) {
    (found[String(item)] ??= []).push(scored([other, score]));
  }
  return found;
}

async function history(sql: Sql): Promise<Model["history"]> {
  const found: Model["history"] = Object.create(null) as Model["history"];
  for (const [user, item] of await sql.rows("SELECT user_id, item_id FROM history ORDER BY user_id, newest DESC, item_id")) {
    (found[String(user)] ??= []).push(String(item));
  }
  return found;
}

function scored([item, score]: readonly unknown[]): Scored {
  return [String(item), Number(score)];
}
