import type { Sql } from "./interactions";
import { JobFailure } from "./lifecycle";
import { HISTORY_ITEMS, type Model, Ranking, type Scored, type Seen } from "./ranking";

/** Minimum to train on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const LEAST_INTERACTIONS = 1000;
const LEAST_USERS = 25;
/** Of the users, how many must have 2 or more interactions. */
const LEAST_USERS_PERCENT = 1;
const RANKED = 25;
const DEPTHS = [5, 10, RANKED];
/** Similar items to keep for each item. */
const NEIGHBOURS = 50;
/** Popular items to keep. */
const POPULAR = 500;
/** Lowers the score of rare pairs, as if each item had this many more users. */
const SHRINKAGE = 10;
/** One user in ten, by the first digits of the id's hash. */
const HELD_OUT = "substr(md5(user_id), 1, 4) < '199a'";

/** Supported recipes, and whether they distinguish users: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html */
const RECIPES: Record<string, { personal: boolean }> = {
  "arn:aws:personalize:::recipe/aws-popularity-count": { personal: false },
  "arn:aws:personalize:::recipe/aws-user-personalization": { personal: true },
  "arn:aws:personalize:::recipe/aws-user-personalization-v2": { personal: true },
};

/** The recipes' ARNs. */
export const RECIPE_ARNS = Object.keys(RECIPES);

/**
 * Trains on the table `interactions` without the held-out rows, and measures how well those are recommended. The result does not depend
 * on the order of the rows.
 *
 * @param recipeArn one of {@link RECIPE_ARNS}
 * @throws JobFailure when there are too few interactions, or too few users with 2 or more
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
  const [figures] = await sql.rows(
    "SELECT coalesce(sum(n), 0), count(*) FILTER (n > 1), count(*) FROM (SELECT count(*) AS n FROM interactions GROUP BY user_id)",
  );
  const [rows, repeatUsers, users] = figures.map(Number);
  if (rows < LEAST_INTERACTIONS || repeatUsers < LEAST_USERS) {
    const needs = `Training needs at least ${LEAST_INTERACTIONS} interactions and ${LEAST_USERS} users with 2 or more`;
    throw new JobFailure(`${needs}, the dataset has ${rows} and ${repeatUsers}.`);
  }
  if (repeatUsers * 100 < users * LEAST_USERS_PERCENT) {
    const needs = `Training needs 2 or more interactions of at least ${LEAST_USERS_PERCENT}% of the users`;
    throw new JobFailure(`${needs}, the dataset has ${repeatUsers} such users of ${users}.`);
  }
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

/** Fetches rows as JSON, which takes a third of the time of single values. */
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

/** What was recommended to a user, and what the user did. */
export interface Judged {
  /** The best recommendation first. */
  ranked: readonly string[];
  relevant: ReadonlySet<string>;
}

/**
 * Metrics by the names of GetSolutionMetrics. Coverage is the share of all items that any user is recommended; every other metric is the
 * mean over users.
 *
 * @param items number of different items
 * @see https://docs.aws.amazon.com/personalize/latest/dg/working-with-training-metrics.html
 */
export function solutionMetrics(judged: readonly Judged[], items: number): Record<string, number> {
  const mean = (of: (user: Judged) => number) =>
    judged.length === 0 ? 0 : judged.reduce((sum, user) => sum + of(user), 0) / judged.length;
  const shown = new Set(judged.flatMap(({ ranked }) => ranked.slice(0, RANKED)));
  return {
    coverage: items === 0 ? 0 : shown.size / items,
    [`mean_reciprocal_rank_at_${RANKED}`]: mean(reciprocalRank),
    ...Object.fromEntries(DEPTHS.map((depth) => [`normalized_discounted_cumulative_gain_at_${depth}`, mean((user) => ndcg(user, depth))])),
    ...Object.fromEntries(DEPTHS.map((depth) => [`precision_at_${depth}`, mean((user) => precision(user, depth))])),
  };
}

function reciprocalRank({ ranked, relevant }: Judged): number {
  const first = ranked.slice(0, RANKED).findIndex((item) => relevant.has(item));
  return first < 0 ? 0 : 1 / (first + 1);
}

function precision({ ranked, relevant }: Judged, depth: number): number {
  return ranked.slice(0, depth).filter((item) => relevant.has(item)).length / depth;
}

/** Gain falls with the logarithm of the rank; 1 stands for the best possible order. */
function ndcg({ ranked, relevant }: Judged, depth: number): number {
  const gain = (place: number) => 1 / Math.log2(place + 2);
  const best = Array.from({ length: Math.min(depth, relevant.size) }, (_, place) => gain(place)).reduce((sum, each) => sum + each, 0);
  const found = ranked.slice(0, depth).reduce((sum, item, place) => sum + (relevant.has(item) ? gain(place) : 0), 0);
  return best === 0 ? 0 : found / best;
}

/**
 * Splits the table `interactions` into `training` and `hidden`. Hidden are the newest tenth, at least one, of the interactions of one user
 * in ten, at least one: training must recommend them.
 */
const SPLIT = [
  `CREATE OR REPLACE TABLE held_out AS
     SELECT user_id FROM (SELECT user_id FROM interactions GROUP BY user_id HAVING count(*) > 1)
     QUALIFY ${HELD_OUT} OR row_number() OVER (ORDER BY md5(user_id), user_id) = 1`,
  `CREATE OR REPLACE TABLE numbered AS
     SELECT i.*, h.user_id IS NOT NULL AS is_held_out,
       row_number() OVER (PARTITION BY i.user_id ORDER BY i."timestamp" DESC, i.item_id, i.event_type) AS place,
       count(*) OVER (PARTITION BY i.user_id) AS of_user
     FROM interactions i LEFT JOIN held_out h USING (user_id)`,
  `CREATE OR REPLACE TABLE hidden AS SELECT user_id, item_id FROM numbered WHERE is_held_out AND place <= greatest(1, of_user // 10)`,
  `CREATE OR REPLACE TABLE training AS
     SELECT user_id, item_id, "timestamp", event_type FROM numbered WHERE NOT (is_held_out AND place <= greatest(1, of_user // 10))`,
];

/** Creates the table `history`: the newest different items of each user of a table. */
function historyOf(table: string): string {
  return `CREATE OR REPLACE TABLE history AS
    SELECT user_id, item_id, max("timestamp") AS newest FROM ${table} GROUP BY user_id, item_id
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY newest DESC, item_id) <= ${HISTORY_ITEMS}`;
}

/** Creates the table `popular`: the items with the most interactions in `training`. */
const POPULARITY = `CREATE OR REPLACE TABLE popular AS
  SELECT item_id, count(*) AS score FROM training GROUP BY item_id ORDER BY score DESC, item_id LIMIT ${POPULAR}`;

/**
 * Creates the table `neighbours`: how similar two items of `history` are, by the users that they have in common. It joins numbers instead
 * of ids, and each pair once, which halves the time.
 */
const CO_OCCURRENCE = `CREATE OR REPLACE TABLE neighbours AS
  WITH items AS (
    SELECT item_id, count(*) AS users, CAST(row_number() OVER (ORDER BY item_id) AS INTEGER) AS number FROM history GROUP BY item_id),
  seen AS (SELECT user_id, number FROM history JOIN items USING (item_id)),
  pairs AS (
    SELECT a.number AS one, b.number AS two, count(*) AS common
    FROM seen a JOIN seen b ON a.user_id = b.user_id AND a.number < b.number
    GROUP BY a.number, b.number),
  both_ways AS (SELECT one, two, common FROM pairs UNION ALL SELECT two, one, common FROM pairs)
  SELECT i.item_id, o.item_id AS other, round(common / (sqrt(i.users * o.users) + ${SHRINKAGE}), 6) AS score
  FROM both_ways JOIN items i ON i.number = one JOIN items o ON o.number = two
  QUALIFY row_number() OVER (PARTITION BY one ORDER BY score DESC, two) <= ${NEIGHBOURS}`;
