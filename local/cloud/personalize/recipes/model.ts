import { HISTORY_ITEMS } from "./statements";

/** An item and how much it is recommended. */
export type Scored = [itemId: string, score: number];

/** What was trained; plain JSON. */
export interface Model {
  /** Items with the most interactions, the most popular first. */
  popular: Scored[];
  /** By item the items that are most like it; empty: everybody gets the popular ones. */
  neighbours: Record<string, Scored[]>;
  /** By user the newest different items, the newest first. */
  history: Record<string, string[]>;
  /** Number of different items that the model knows. */
  items: number;
}

/** Answers for users from a model and from what they have done since. */
export class Ranking {
  private readonly history: Map<string, string[]>;
  private readonly neighbours: Map<string, Scored[]>;

  constructor(private readonly model: Pick<Model, "popular" | "neighbours" | "history">) {
    this.history = new Map(Object.entries(model.history));
    this.neighbours = new Map(Object.entries(model.neighbours));
  }

  /** Takes notice of what a user did. */
  see(userId: string, itemId: string): void {
    const before = this.history.get(userId) ?? [];
    this.history.set(userId, [itemId, ...before.filter((item) => item !== itemId)].slice(0, HISTORY_ITEMS));
  }

  /**
   * Items for a user, the most recommended first, scores adding up to 1: those most like what the user did, without that itself, and
   * the popular ones after them.
   *
   * @param userId undefined or unknown: the popular ones
   */
  rank(userId: string | undefined, count: number): Scored[] {
    const known = this.neighbours.size === 0 || userId === undefined ? [] : (this.history.get(userId) ?? []);
    const scores = new Map<string, number>();
    for (const [age, item] of known.entries()) {
      const weight = 1 / Math.sqrt(1 + age);
      for (const [other, score] of this.neighbours.get(item) ?? []) scores.set(other, (scores.get(other) ?? 0) + weight * score);
    }
    for (const item of known) scores.delete(item);
    const alike = [...scores].sort(byScore).slice(0, count);
    const taken = new Set([...known, ...alike.map(([item]) => item)]);
    const rest = this.model.popular.filter(([item]) => !taken.has(item)).slice(0, count - alike.length);
    return shares([...alike, ...below(rest, alike.at(-1)?.[1])]);
  }
}

/** The most popular ones come after what is alike, whatever the numbers. */
function below(rest: Scored[], least: number | undefined): Scored[] {
  if (least === undefined || rest.length === 0) return rest;
  return rest.map(([item, score]): Scored => [item, (least / 2) * (score / rest[0][1])]);
}

function shares(scored: Scored[]): Scored[] {
  const sum = scored.reduce((total, [, score]) => total + score, 0);
  return scored.map(([item, score]): Scored => [item, score / sum]);
}

function byScore([a, first]: Scored, [b, second]: Scored): number {
  return second - first || (a < b ? -1 : 1);
}
