import { HISTORY_ITEMS } from "./statements";

/** An item and how much it is recommended. */
export type Scored = [itemId: string, score: number];

/** An item that a user did something with, and when last, in epoch seconds. */
export type Seen = [itemId: string, timestamp: number];

/** What was trained; plain JSON. */
export interface Model {
  /** Items with the most interactions, the most popular first. */
  popular: Scored[];
  /** By item the items that are most like it; empty: everybody gets the popular ones. */
  neighbours: Record<string, Scored[]>;
  /** By user the newest different items, the newest first; empty where everybody gets the popular ones. */
  history: Record<string, Seen[]>;
}

/** Answers for users from a model and from what they have done since. */
export class Ranking {
  private readonly history: Map<string, Seen[]>;
  private readonly neighbours: Map<string, Scored[]>;

  constructor(private readonly model: Model) {
    this.history = new Map(Object.entries(model.history));
    this.neighbours = new Map(Object.entries(model.neighbours));
  }

  /** Takes notice of what a user did; twice the same is once, and the order of calls does not matter. */
  see(userId: string, [itemId, timestamp]: Seen): void {
    if (this.neighbours.size === 0) return;
    const before = this.history.get(userId) ?? [];
    const last = Math.max(timestamp, before.find(([item]) => item === itemId)?.[1] ?? 0);
    const after = [...before.filter(([item]) => item !== itemId), [itemId, last] satisfies Seen];
    this.history.set(userId, after.sort(highestFirst).slice(0, HISTORY_ITEMS));
  }

  /**
   * Items for a user, the most recommended first, scores adding up to 1: those most like what the user did, without that itself,
   * then the popular ones, and last, where the items do not suffice, what the user did.
   *
   * @param userId undefined or unknown: the popular ones
   */
  rank(userId: string | undefined, count: number): Scored[] {
    const known = userId === undefined ? [] : (this.history.get(userId) ?? []).map(([item]) => item);
    const alike = this.alike(known).slice(0, count);
    const taken = new Set([...known, ...alike.map(([item]) => item)]);
    const popular = this.model.popular.filter(([item]) => !taken.has(item));
    const rest = [...popular, ...this.model.popular.filter(([item]) => known.includes(item))].slice(0, count - alike.length);
    return shares([...alike, ...(known.length === 0 ? rest : below(rest, alike.at(-1)?.[1] ?? 1))]);
  }

  /** What was done last weighs most. */
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

/** Scores for what comes after all that is alike, whatever the numbers. */
function below(rest: readonly Scored[], least: number): Scored[] {
  return rest.map(([item], place): Scored => [item, least / (place + 2)]);
}

function shares(scored: readonly Scored[]): Scored[] {
  const sum = scored.reduce((total, [, score]) => total + score, 0);
  return scored.map(([item, score]): Scored => [item, score / sum]);
}

/** Of two with the same number the one whose id is the smaller comes first. */
function highestFirst([a, first]: Scored | Seen, [b, second]: Scored | Seen): number {
  return second - first || (a < b ? -1 : 1);
}
