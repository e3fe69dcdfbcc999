import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { brokenRule } from "../../config/scheduleExpression";
import { checkExpression } from "../../packages/local-aws/src/scheduler/expression";

/** Bounds, names and wildcards of the six fields, in order. */
const FIELDS = [
  { name: "minutes", least: 0, most: 59, names: [], holds: "0 to 59 (wildcards , - * /)" },
  { name: "hours", least: 0, most: 23, names: [], holds: "0 to 23 (wildcards , - * /)" },
  { name: "day-of-month", least: 1, most: 31, names: [], holds: "1 to 31 (wildcards , - * ? / L W)" },
  {
    name: "month",
    least: 1,
    most: 12,
    names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    holds: "1 to 12 or JAN to DEC (wildcards , - * /)",
  },
  {
    name: "day-of-week",
    least: 1,
    most: 7,
    names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    holds: "1 to 7 or SUN to SAT (wildcards , - * ? L #)",
  },
  { name: "year", least: 1970, most: 2199, names: [], holds: "1970 to 2199 (wildcards , - * /)" },
];
const [MINUTES, , DAY_OF_MONTH, , DAY_OF_WEEK] = FIELDS;
type Field = (typeof FIELDS)[number];

const word = ({ least, names }: Field, value: number) =>
  names.length === 0
    ? fc.constant(String(value))
    : fc.constantFrom(String(value), names[value - least], names[value - least].toLowerCase());
const range = (field: Field) => {
  const value = fc.integer({ min: field.least, max: field.most });
  return fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
};
const listOf = (field: Field): fc.Arbitrary<string> => {
  const value = fc.integer({ min: field.least, max: field.most }).chain((n) => word(field, n));
  const ascending = range(field).chain(([from, to]) => fc.tuple(word(field, from), word(field, to)).map((ends) => ends.join("-")));
  const base = fc.oneof(fc.constant("*"), value, ascending);
  const step = fc.integer({ min: 1, max: 30 });
  const part =
    field === DAY_OF_WEEK
      ? base
      : fc.oneof(
          base,
          fc.tuple(base, step).map(([from, by]) => `${from}/${by}`),
        );
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(","));
};
const day = fc.integer({ min: 1, max: 31 });
const weekday = fc.integer({ min: 1, max: 7 }).chain((n) => word(DAY_OF_WEEK, n));
const daysOfMonth = fc.oneof(
  listOf(DAY_OF_MONTH),
  fc.constantFrom("L", "LW"),
  day.map((n) => `${n}W`),
);
const daysOfWeek = fc.oneof(
  listOf(DAY_OF_WEEK),
  fc.constant("L"),
  weekday.map((name) => `${name}L`),
  fc.tuple(weekday, fc.integer({ min: 1, max: 5 })).map(([name, nth]) => `${name}#${nth}`),
);
const days = fc.oneof(fc.tuple(daysOfMonth, fc.constant("?")), fc.tuple(fc.constant("?"), daysOfWeek));
/** The six fields of a valid cron expression. */
const cronFields = fc
  .tuple(listOf(FIELDS[0]), listOf(FIELDS[1]), days, listOf(FIELDS[3]), listOf(FIELDS[5]))
  .map(([minutes, hours, [ofMonth, ofWeek], month, year]) => [minutes, hours, ofMonth, month, ofWeek, year]);
const cron = (fields: readonly string[]) => `cron(${fields.join(" ")})`;
const rate = fc.oneof(
  fc.constantFrom("1 minute", "1 hour", "1 day"),
  fc.tuple(fc.integer({ min: 2, max: 1000 }), fc.constantFrom("minutes", "hours", "days")).map((parts) => parts.join(" ")),
);

/** Parts that one field alone cannot have, with the rule that they break. */
const WRONG_PARTS: [title: string, part: (field: Field) => fc.Arbitrary<string>, rule: (field: Field, part: string) => string][] = [
  ["a value that is too low", ({ least }) => fc.constant(least === 0 ? "-1" : String(least - 1)), isHeld],
  ["a value that is too high", ({ most }) => fc.integer({ min: most + 1, max: 9999 }).map(String), isHeld],
  ["a word", () => fc.constantFrom("x", "NOON", "JANUARY", "1.5", "2-", "-2", "1-2-3", "*-2", "1/", "/2", "1//2"), isHeld],
  [
    "a range that descends",
    (field) =>
      range(field)
        .filter(([from, to]) => from < to)
        .map(([from, to]) => `${to}-${from}`),
    ({ name }, part) => `cron(...) with ranges of ${name} that ascend, not "${part}"`,
  ],
];
const DAYS = [DAY_OF_MONTH, DAY_OF_WEEK];
const WRONG_WILDCARDS: [Field, ...wildcards: string[]][] = [
  ...FIELDS.filter((field) => !DAYS.includes(field)).map((field): [Field, ...string[]] => [field, "?", "L", "1W", "2#1"]),
  [DAY_OF_MONTH, "32W", "0W", "L-0", "1L", "MON", "2#1"],
  [DAY_OF_WEEK, "8L", "6#0", "6#6", "MON/2", "LW", "1W"],
];

function isHeld({ name, holds }: Field, part: string): string {
  return `cron(...) with ${name} from ${holds}, not "${part}"`;
}

/** The valid fields with one of them changed; the other day field is `?` where a day field is changed. */
function withField(fields: readonly string[], field: Field, text: string): string[] {
  const changed = fields.map((valid, i) => (FIELDS[i] === field ? text : valid));
  if (field === DAY_OF_MONTH) changed[4] = "?";
  if (field === DAY_OF_WEEK) changed[2] = "?";
  return changed;
}

describe("the rules of schedule expressions", () => {
  const accepts = (expression: string) => {
    assert.equal(brokenRule(expression), undefined, expression);
    checkExpression(expression);
  };
  const refuses = (expression: string, rule: string) => {
    assert.equal(brokenRule(expression), rule, expression);
    assert.throws(() => checkExpression(expression), expression);
  };

  it("accept every cron expression of the grammar, as the local cloud does", () => {
    fc.assert(fc.property(cronFields, (fields) => accepts(cron(fields))));
  });

  it("accept every rate", () => fc.assert(fc.property(rate, (text) => accepts(`rate(${text})`))));

  it("accept the examples of the user guide", () => {
    for (const expression of ["cron(15 10 ? * 6L 2022-2023)", "cron(0 9 ? * MON-FRI *)", "cron(0/15 * 1 JAN,JUL ? *)", "rate(5 minutes)"]) {
      accepts(expression);
    }
  });

  for (const field of FIELDS) {
    for (const [title, part, rule] of WRONG_PARTS) {
      it(`refuse ${title} as ${field.name}, alone and in a list`, () => {
        const position = fc.tuple(cronFields, part(field), fc.constantFrom("", "*,"));
        fc.assert(
          fc.property(position, ([fields, text, before]) => refuses(cron(withField(fields, field, `${before}${text}`)), rule(field, text))),
        );
      });
    }
  }

  it("refuse a step of 0, and any step of days of the week", () => {
    for (const field of FIELDS) {
      const rule = field === DAY_OF_WEEK ? isHeld(field, "*/0") : `cron(...) with steps of ${field.name} from 1, not "*/0"`;
      fc.assert(fc.property(cronFields, (fields) => refuses(cron(withField(fields, field, "*/0")), rule)));
    }
  });

  it("refuse wildcards of other fields, and lists with a special one or a gap", () => {
    for (const [field, ...wildcards] of WRONG_WILDCARDS) {
      const one = fc.constantFrom(...wildcards);
      fc.assert(
        fc.property(cronFields, one, (fields, wildcard) => refuses(cron(withField(fields, field, wildcard)), isHeld(field, wildcard))),
      );
    }
    refuses("cron(0,,5 0 * * ? *)", isHeld(MINUTES, ""));
    refuses("cron(0 0 15,L * ? *)", 'cron(...) with L alone as day-of-month, not "15,L"');
    refuses("cron(0 0 ? * 3#1,6#3 *)", 'cron(...) with 3#1 alone as day-of-week, not "3#1,6#3"');
    refuses("cron(0 0 1,? * ? *)", 'cron(...) with ? alone as day-of-month, not "1,?"');
  });

  it("refuse ? as both days, and as neither", () => {
    const rule = "cron(...) with ? as either day-of-month or day-of-week, and not as both";
    const both = fc.constant(["?", "?"]);
    fc.assert(
      fc.property(cronFields, fc.oneof(both, fc.tuple(daysOfMonth, daysOfWeek)), ([minutes, hours, , month, , year], [ofMonth, ofWeek]) =>
        refuses(cron([minutes, hours, ofMonth, month, ofWeek, year]), rule),
      ),
    );
  });

  it("refuse seconds, and a field that is missing", () => {
    const rule = (n: number) => `cron(...) with the 6 fields minutes hours day-of-month month day-of-week year, not ${n}`;
    fc.assert(fc.property(cronFields, (fields) => refuses(cron(["0", ...fields]), rule(7))));
    fc.assert(fc.property(cronFields, fc.nat(5), (fields, gone) => refuses(cron(fields.filter((_, i) => i !== gone)), rule(5))));
  });

  it("refuse a rate whose unit does not agree with its value, or that is none", () => {
    const units = fc.constantFrom("minute", "hour", "day");
    fc.assert(
      fc.property(units, fc.integer({ min: 2, max: 1000 }), (unit, n) => {
        refuses(`rate(1 ${unit}s)`, `rate(1 ${unit}), because the unit of 1 is singular`);
        refuses(`rate(${n} ${unit})`, `rate(${n} ${unit}s), because the unit of more than 1 is plural`);
      }),
    );
    for (const text of ["0 days", "-1 days", "1.5 hours", "01 day", "2 weeks", "2 seconds", "days", "2days", "2  days", ""]) {
      refuses(`rate(${text})`, "rate(...) with a whole number above 0, a space, and minutes, hours or days");
    }
  });

  it("refuse what is no recurring schedule, and what is too long", () => {
    assert.equal(brokenRule("at(2026-02-01T02:15:00)"), "off, cron(...) or rate(...), because at(...) starts one run only");
    for (const expression of ["", "daily", "0 2 * * ? *", "CRON(0 2 * * ? *)", "cron(0 2 * * ? *) ", "rate(1 day"]) {
      refuses(expression, "off, cron(...) or rate(...)");
    }
    const long = cron([MINUTES.most, 0, "*", "*", "?", Array.from({ length: 50 }, () => 2026)].map(String));
    assert.equal(brokenRule(long), "an expression of at most 256 characters");
  });
});
