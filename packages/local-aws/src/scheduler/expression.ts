import { Cron } from "./cron";
import { TimeZone } from "./timeZone";

const UNIT_MS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The instants of a schedule: the first one after an instant, all in epoch milliseconds; undefined: there is none. */
export type Next = (after: number) => number | undefined;

/**
 * Reads a schedule expression: `cron(...)`, `rate(...)` or `at(...)`.
 *
 * @param createdAt epoch milliseconds, with which a rate begins
 * @throws Error naming the rule and the value
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function readExpression(text: string, timeZone: string, createdAt: number): Next {
  const zone = new TimeZone(timeZone);
  const [, kind, inner] = /^(cron|rate|at)\((.*)\)$/.exec(text) ?? [];
  if (kind === "cron") {
    const cron = new Cron(inner);
    return (after) => cron.next(after, zone);
  }
  if (kind === "rate") return every(inner, createdAt);
  if (kind === "at") {
    const at = once(inner, zone);
    return (after) => (at > after ? at : undefined);
  }
  throw new Error(`must be cron(...), rate(...) or at(...), got ${text}`);
}

/** A rate is by the clock of physics: a day has 24 hours. The first time is the schedule's creation. */
function every(text: string, createdAt: number): Next {
  const [, amount, unit] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(text) ?? [];
  if (amount === undefined || (amount === "1") === text.endsWith("s")) {
    throw new Error(`rate must be such as 1 hour or 5 minutes, got ${text}`);
  }
  const ms = Number(amount) * UNIT_MS[unit];
  return (after) => createdAt + Math.max(0, Math.floor((after - createdAt) / ms) + 1) * ms;
}

function once(text: string, zone: TimeZone): number {
  const clocks = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : NaN;
  if (Number.isNaN(clocks)) throw new Error(`at must be such as 2026-01-31T02:15:00, got ${text}`);
  const instant = zone.instant(clocks);
  if (instant === undefined) throw new Error(`at must be a time that the clocks show, got ${text}`);
  return instant;
}
