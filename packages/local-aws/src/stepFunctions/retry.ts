import type { Catcher, Retrier } from "./definition";

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const DEFAULTS = { IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2, MaxDelaySeconds: Infinity };
/** Errors that no wildcard matches. */
const TERMINAL = ["States.DataLimitExceeded", "States.Runtime"];

/** The retriers of a state; each counts its own attempts. */
export class Retries {
  private readonly used = new Map<Retrier, number>();

  /** @param random 0 to 1, for the jitter */
  constructor(
    private readonly retriers: readonly Retrier[] = [],
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait before the next attempt; undefined when there is none. */
  delay(error: string): number | undefined {
    const retrier = firstMatch(this.retriers, error);
    if (!retrier || error === "States.Runtime") return undefined;
    const { IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds } = { ...DEFAULTS, ...retrier };
    const attempt = this.used.get(retrier) ?? 0;
    if (attempt >= MaxAttempts) return undefined;
    this.used.set(retrier, attempt + 1);
    const ms = Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds) * 1000;
    return retrier.JitterStrategy === "FULL" ? ms * this.random() : ms;
  }
}

/** The first catcher that matches an error. */
export function catcherOf(catchers: readonly Catcher[] | undefined, error: string): Catcher | undefined {
  return error === "States.Runtime" ? undefined : firstMatch(catchers ?? [], error);
}

function firstMatch<T extends { ErrorEquals: string[] }>(all: readonly T[], error: string): T | undefined {
  return all.find(({ ErrorEquals }) => ErrorEquals.some((name) => name === error || wildcard(name, error)));
}

/** States.ALL matches every error except terminal ones. States.TaskFailed matches those too, except timeouts. */
function wildcard(name: string, error: string): boolean {
  if (TERMINAL.includes(error)) return false;
  return name === "States.ALL" || (name === "States.TaskFailed" && error !== "States.Timeout");
}
