import type { TimeZone } from "./timeZone";

const DAY_MS = 86_400_000;
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

interface Field {
  name: string;
  least: number;
  most: number;
  /** Names of the values from `least` on. */
  names?: string[];
}

/** The fields in order: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
const FIELDS: Field[] = [
  { name: "minutes", least: 0, most: 59 },
  { name: "hours", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: MONTHS },
  { name: "day of week", least: 1, most: 7, names: WEEKDAYS },
  { name: "year", least: 1970, most: 2199 },
];

/** A cron expression: times that the clocks of a time zone show. */
export class Cron {
  private readonly values: Set<number>[];
  private readonly byWeekday: boolean;

  /**
   * @param text six fields
   * @throws Error naming the field, the rule and the value
   */
  constructor(text: string) {
    const fields = text.trim().split(/\s+/);
    if (fields.length !== FIELDS.length) throw new Error(`cron must have ${FIELDS.length} fields, got ${fields.length}`);
    const [days, weekdays] = [fields[2], fields[4]];
    if ((days === "?") === (weekdays === "?")) {
      throw new Error(`cron must have ? as either day of month or day of week, got ${days} and ${weekdays}`);
    }
    this.byWeekday = days === "?";
    this.values = fields.map((field, i) => new Set(valuesOf(field, FIELDS[i])));
  }

  /**
   * The next instant in epoch milliseconds: a time that the clocks skip is left out, one that they show twice counts once.
   *
   * @param after instant in epoch milliseconds
   * @returns undefined: never
   */
  next(after: number, zone: TimeZone): number | undefined {
    const [minutes, hours, , , , years] = this.values;
    const times = sorted(hours).flatMap((hour) => sorted(minutes).map((minute) => (hour * 60 + minute) * 60_000));
    const last = Date.UTC(Math.max(...years), 11, 31);
    const now = zone.clocks(after);
    const today = Math.floor(now / DAY_MS) * DAY_MS;
    for (let day = Math.max(today, Date.UTC(Math.min(...years), 0, 1)); day <= last; day += DAY_MS) {
      if (!this.has(new Date(day))) continue;
      for (const time of times) {
        const instant = day + time < now ? undefined : zone.instant(day + time);
        if (instant !== undefined && instant > after) return instant;
      }
    }
    return undefined;
  }

  private has(day: Date): boolean {
    const [, , days, months, weekdays, years] = this.values;
    const fits = this.byWeekday ? weekdays.has(day.getUTCDay() + 1) : days.has(day.getUTCDate());
    return fits && months.has(day.getUTCMonth() + 1) && years.has(day.getUTCFullYear());
  }
}

/** Lists of values, ranges and steps. */
function valuesOf(text: string, field: Field): number[] {
  const { name, least, most, names = [] } = field;
  const wrong = (): Error =>
    new Error(
      `cron: ${name} must be numbers from ${least} to ${most}${names.length > 0 ? " or names" : ""}, ranges, lists and steps, got ${text}`,
    );
  if (/[LW#]/.test(names.reduce((rest, known) => rest.replaceAll(known, ""), text.toUpperCase()))) {
    throw new Error(`cron: the local cloud does not know L, W and #, got ${text} as ${name}`);
  }
  if (text === "?" && name.startsWith("day")) return [];
  const read = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    const value = named >= 0 ? named + least : /^\d+$/.test(word) ? Number(word) : NaN;
    if (Number.isNaN(value) || value < least || value > most) throw wrong();
    return value;
  };
  return text.split(",").flatMap((part) => {
    const [, first, last, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (first === undefined || (first === "*" && last !== undefined) || step === "0") throw wrong();
    const from = first === "*" ? least : read(first);
    const to = last !== undefined ? read(last) : first === "*" || step !== undefined ? most : from;
    if (to < from) throw wrong();
    return Array.from({ length: Math.floor((to - from) / Number(step ?? 1)) + 1 }, (_, i) => from + i * Number(step ?? 1));
  });
}

const sorted = (values: Set<number>): number[] => [...values].sort((a, b) => a - b);
