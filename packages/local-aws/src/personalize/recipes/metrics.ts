/** What a user was recommended, and what the user did. */
export interface Judged {
  /** In order, the most recommended first. */
  ranked: readonly string[];
  relevant: ReadonlySet<string>;
}

const DEPTHS = [5, 10, 25];
const DEEPEST = 25;

/**
 * Metrics by the names of GetSolutionMetrics, each the mean over users, but for coverage: the share of all items that anybody is
 * recommended.
 *
 * @param items number of different items that there are
 * @see https://docs.aws.amazon.com/personalize/latest/dg/working-with-training-metrics.html
 */
export function solutionMetrics(judged: readonly Judged[], items: number): Record<string, number> {
  const mean = (of: (user: Judged) => number) =>
    judged.length === 0 ? 0 : judged.reduce((sum, user) => sum + of(user), 0) / judged.length;
  const shown = new Set(judged.flatMap(({ ranked }) => ranked.slice(0, DEEPEST)));
  return {
    coverage: items === 0 ? 0 : shown.size / items,
    [`mean_reciprocal_rank_at_${DEEPEST}`]: mean(reciprocalRank),
    ...Object.fromEntries(DEPTHS.map((depth) => [`normalized_discounted_cumulative_gain_at_${depth}`, mean((user) => ndcg(user, depth))])),
    ...Object.fromEntries(DEPTHS.map((depth) => [`precision_at_${depth}`, mean((user) => precision(user, depth))])),
  };
}

function reciprocalRank({ ranked, relevant }: Judged): number {
  const first = ranked.slice(0, DEEPEST).findIndex((item) => relevant.has(item));
  return first < 0 ? 0 : 1 / (first + 1);
}

function precision({ ranked, relevant }: Judged, depth: number): number {
  return ranked.slice(0, depth).filter((item) => relevant.has(item)).length / depth;
}

/** Gains fall with the logarithm of the place; 1 is the best order that there can be. */
function ndcg({ ranked, relevant }: Judged, depth: number): number {
  const gain = (place: number) => 1 / Math.log2(place + 2);
  const best = Array.from({ length: Math.min(depth, relevant.size) }, (_, place) => gain(place)).reduce((sum, each) => sum + each, 0);
  const found = ranked.slice(0, depth).reduce((sum, item, place) => sum + (relevant.has(item) ? gain(place) : 0), 0);
  return best === 0 ? 0 : found / best;
}
