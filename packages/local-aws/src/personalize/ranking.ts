/** Newest different items of a user that count. */
export const HISTORY_ITEMS = 100;

/** An item and its score. */
export type Scored = [itemId: string, score: number];

/** An item that a user interacted with, and when last, in epoch seconds. */
export type Seen = [itemId: string, timestamp: number];

/** The result of a training; plain JSON. */
export interface Model {
  /** Items with the most interactions, the most popular first. */
  popular: Scored[];
  /** The most similar items by item; empty: every user gets the popular items. */
  neighbours: Record<string, Scored[]>;
  /** The newest different items by user, the newest first; empty when every user gets the popular items. */
  history: Record<string, Seen[]>;
}

/** Ranks items for users by a model and by their interactions since. */
export class Ranking {
  private readonly history: Map<string, Seen[]>;
  private readonly neighbours: Map<string, Scored[]>;

  constructor(private readonly model: Model) {
    this.history = new Map(Object.entries(model.history));
    this.neighbours = new Map(Object.entries(model.neighbours));
  }

  /** Adds an interaction. Repeated calls count once, and their order does not matter. */
  see(userId: string, [itemId, timestamp]: Seen): void {
    if (this.neighbours.size === 0) return;
    const before = this.history.get(userId) ?? [];
    const last = Math.max(timestamp, before.find(([item]) => item === itemId)?.[1] ?? 0);
    const after = [...before.filter(([item]) => item !== itemId), [itemId, last] satisfies Seen];
    this.history.set(userId, after.sort(highestFirst).slice(0, HISTORY_ITEMS));
  }

  /**
   * Items for a user, the best first, with scores that add up to 1: items similar to those of the user's history, then popular items,
   * then, if more are needed, items of the history.
   *
   * @param userId undefined or unknown: popular items
   */
  rank(userId: string | undefined, count: number): Scored[] {
    const known = userId === undefined ? [] : (this.history.get(userId) ?? []).map(([item]) => item);
    const alike = this.alike(known).slice(0, count);
    const taken = new Set([...known, ...alike.map(([item]) => item)]);
    const popular = this.model.popular.filter(([item]) => !taken.has(item));
    const rest = [...popular, ...this.model.popular.filter(([item]) => known.includes(item))].slice(0, count - alike.length);
    return shares([...alike, ...(known.length === 0 ? rest : below(rest, alike.at(-1)?.[1] ?? 1))]);
  }

  /** The newest items of the history weigh most. */
  private alike(known: readonly string[]): Scored[] {
    const scores = new Map<string, number>();
    for (const [age, item] of known.entries()) {
      const weight = 1 / Math.sqrt(1 + age);
      for (const [other, score] of this.neighbours.get(item) ?? []) scores.set(other, (scores.get(other) ?? 0) + weight * score);
    }
    for (const item of known) scores.delete(item);
    return [...scores].sort(highestFirst);
  }
}

/** Scores for items that rank below all similar items. */
function below(rest: readonly Scored[], least: number): Scored[] {
  return rest.map(([item], place): Scored => [item, least / (place + 2)]);
}

function shares(scored: readonly Scored[]): Scored[] {
  const sum = scored.reduce((total, [, score]) => total + score, 0);
  return scored.map(([item, score]): Scored => [item, score / sum]);
}

/** Orders equal scores by id. */
function highestFirst([a, first]: Scored | Seen, [b, second]: Scored | Seen): number {
  return second - first || (a < b ? -1 : 1);
}
