const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

interface Field {
  name: string;
  least: number;
  most: number;
  /** Names of the values from `least` on. */
  names?: string[];
  /** Whether a step may follow a value or a range. @default true */
  steps?: boolean;
  /** Whole values besides numbers, lists, ranges and steps. */
  special?: RegExp;
}

/** The fields of a cron expression: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */
const FIELDS: Field[] = [
  { name: "minutes", least: 0, most: 59 },
  { name: "hours", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31, special: /^(\?|L|LW|([1-9]|[12]\d|3[01])W)$/ },
  { name: "month", least: 1, most: 12, names: MONTHS },
  {
    name: "day of week",
    least: 1,
    most: 7,
    names: WEEKDAYS,
    steps: false,
    special: /^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/i,
  },
  { name: "year", least: 1970, most: 2199 },
];

/**
 * Checks a schedule expression by the service's rules: `cron(...)`, `rate(...)` or `at(...)`.
 *
 * @throws Error naming the rule and the value
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function checkExpression(text: string): void {
  const [, kind, inner] = /^(cron|rate|at)\((.*)\)$/.exec(text) ?? [];
  if (kind === "cron") checkCron(inner);
  else if (kind === "rate") checkRate(inner);
  else if (kind === "at") checkTime(inner);
  else throw new Error(`must be cron(...), rate(...) or at(...), got ${text}`);
}

function checkCron(text: string): void {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) throw new Error(`cron must have ${FIELDS.length} fields, got ${fields.length}`);
  const [days, weekdays] = [fields[2], fields[4]];
  if ((days === "?") === (weekdays === "?")) {
    throw new Error(`cron must have ? as either day of month or day of week, got ${days} and ${weekdays}`);
  }
  fields.forEach((field, i) => checkField(field, FIELDS[i]));
}

function checkField(text: string, { name, least, most, names = [], steps = true, special }: Field): void {
  const valueOf = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    return named >= 0 ? named + least : /^\d+$/.test(word) ? Number(word) : NaN;
  };
  const isValue = (value: number): boolean => value >= least && value <= most;
  const isPart = (part: string): boolean => {
    const [, first, last, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (first === undefined || (step !== undefined && (!steps || Number(step) === 0))) return false;
    if (first === "*") return last === undefined;
    const [from, to] = [valueOf(first), valueOf(last ?? first)];
    return isValue(from) && isValue(to) && from <= to;
  };
  if (special?.test(text) || text.split(",").every(isPart)) return;
  const words = names.length > 0 ? " or names" : "";
  const combined = steps ? "ranges, lists and steps" : "ranges and lists";
  throw new Error(`cron: ${name} must be numbers from ${least} to ${most}${words}, ${combined}, got ${text}`);
}

function checkRate(text: string): void {
  const [, amount] = /^([1-9]\d*) (?:minute|hour|day)s?$/.exec(text) ?? [];
  if (amount === undefined || (amount === "1") === text.endsWith("s")) {
    throw new Error(`rate must be such as 1 hour or 5 minutes, got ${text}`);
  }
}

function checkTime(text: string): void {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) && new Date(`${text}Z`).toJSON()?.startsWith(text);
  if (!isTime) throw new Error(`at must be such as 2026-01-31T02:15:00, got ${text}`);
}
