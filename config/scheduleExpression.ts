/** A field of a cron expression. */
interface Field {
  name: string;
  least: number;
  most: number;
  /** Names of the values from `least` on; upper or lower case. */
  names?: readonly string[];
  /** What the field may hold beside values. */
  wildcards: string;
  /** Wildcards that are the whole field. */
  special?: RegExp;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: readonly Field[] = [
  { name: "minutes", least: 0, most: 59, wildcards: ", - * /" },
  { name: "hours", least: 0, most: 23, wildcards: ", - * /" },
  { name: "day-of-month", least: 1, most: 31, wildcards: ", - * ? / L W", special: /^(\?|L|LW|([1-9]|[12]\d|3[01])W)$/ },
  { name: "month", least: 1, most: 12, names: MONTHS, wildcards: ", - * /" },
  {
    name: "day-of-week",
    least: 1,
    most: 7,
    names: WEEKDAYS,
    wildcards: ", - * ? L #",
    special: /^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/i,
  },
  { name: "year", least: 1970, most: 2199, wildcards: ", - * /" },
];

/** Longest expression: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
const MOST_CHARACTERS = 256;

/**
 * Finds what EventBridge Scheduler refuses in the expression of a recurring schedule.
 *
 * @param expression `cron(...)` or `rate(...)`
 * @returns the broken rule, which completes the sentence "The expression must be ..."; undefined for a valid expression
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function brokenRule(expression: string): string | undefined {
  const [, kind, inner] = /^(cron|rate|at)\(([^()]*)\)$/.exec(expression) ?? [];
  if (kind === undefined) return "off, cron(...) or rate(...)";
  if (kind === "at") return "off, cron(...) or rate(...), because at(...) starts one run only";
  if (expression.length > MOST_CHARACTERS) return `an expression of at most ${MOST_CHARACTERS} characters`;
  return kind === "rate" ? brokenRate(inner) : brokenCron(inner.trim().split(/\s+/));
}

function brokenRate(text: string): string | undefined {
  const [, amount, unit, plural] = /^([1-9]\d*) (minute|hour|day)(s?)$/.exec(text) ?? [];
  if (amount === undefined) return "rate(...) with a whole number above 0, a space, and minutes, hours or days";
  if (amount === "1" && plural === "s") return `rate(1 ${unit}), because the unit of 1 is singular`;
  if (amount !== "1" && plural === "") return `rate(${amount} ${unit}s), because the unit of more than 1 is plural`;
  return undefined;
}

function brokenCron(texts: readonly string[]): string | undefined {
  if (texts.length !== FIELDS.length) {
    return `cron(...) with the ${FIELDS.length} fields ${FIELDS.map(({ name }) => name).join(" ")}, not ${texts.length}`;
  }
  const [days, weekdays] = [texts[2], texts[4]];
  if ((days === "?") === (weekdays === "?")) return "cron(...) with ? as either day-of-month or day-of-week, and not as both";
  return FIELDS.map((field, i) => brokenField(field, texts[i])).find((rule) => rule !== undefined);
}

function brokenField(field: Field, text: string): string | undefined {
  const { name, least, most, special } = field;
  if (special?.test(text)) return undefined;
  for (const part of text.split(",")) {
    if (special?.test(part)) return `cron(...) with ${part} alone as ${name}, not "${text}"`;
    const [from, to, step] = partOf(field, part);
    const isWithin = [from, to].every((value) => value >= least && value <= most);
    if (!isWithin) return `cron(...) with ${valuesOf(field)}, not "${part}"`;
    if (from > to) return `cron(...) with ranges of ${name} that ascend, not "${part}"`;
    if (step === 0) return `cron(...) with steps of ${name} from 1, not "${part}"`;
  }
  return undefined;
}

/** The bounds and the step of a value, a range or `*`; not numbers where the field cannot have the part. */
function partOf({ least, most, names = [], wildcards }: Field, part: string): [from: number, to: number, step: number] {
  const valueOf = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    return named >= 0 ? named + least : /^\d{1,4}$/.test(word) ? Number(word) : NaN;
  };
  const [, first, last, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
  if (first === undefined || (step !== undefined && !wildcards.includes("/"))) return [NaN, NaN, NaN];
  if (first === "*") return [least, last === undefined ? most : NaN, Number(step ?? 1)];
  return [valueOf(first), valueOf(last ?? first), Number(step ?? 1)];
}

function valuesOf({ name, least, most, names, wildcards }: Field): string {
  const named = names === undefined ? "" : ` or ${names[0]} to ${names[names.length - 1]}`;
  return `${name} from ${least} to ${most}${named} (wildcards ${wildcards})`;
}
