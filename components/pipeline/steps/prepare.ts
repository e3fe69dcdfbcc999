import { choice, fail, jsonata, type Step } from "../states";

const FLAGS = ["rebuild", "acceptShrink", "acceptBadRows"];
const KEYS = ["runDate", "runKey", ...FLAGS];

/**
 * A function that tells whether a text is a day of the calendar, for example 2026-01-31. It computes the length of the month, because
 * JSONata engines differ on a date such as 2026-02-30: one throws, another reads 2 March. The 1 in front of the year avoids a number
 * with leading zeros; it does not change whether 4, 100 or 400 divides the year.
 */
const IS_DAY = String.raw`function($text) {
    $contains($text, /^\d{4}-\d\d-\d\d$/) ? (
      $year := $number("1" & $substring($text, 0, 4));
      $month := $substring($text, 5, 2);
      $day := $substring($text, 8);
      $isLeapYear := $year % 4 = 0 and ($year % 100 != 0 or $year % 400 = 0);
      $lastDay := $month = "02" ? ($isLeapYear ? "29" : "28") : $month in ["04", "06", "09", "11"] ? "30" : "31";
      $month >= "01" and $month <= "12" and $day >= "01" and $day <= $lastDay
    ) : false
  }`;

/** The first rule that the input breaks, or an empty text. */
const PROBLEM = `(
  $in := $states.input;
  $today := $substring($states.context.Execution.StartTime, 0, 10);
  $unknown := $keys($in)[$not($ in ${JSON.stringify(KEYS)})];
  $noFlag := ${JSON.stringify(FLAGS)}[$exists($lookup($in, $)) and $type($lookup($in, $)) != "boolean"][0];
  $isDay := ${IS_DAY};
  $type($in) != "object"
    ? "input must be an object, got " & $string($in)
  : $exists($unknown)
    ? "input accepts only the keys ${KEYS.join(", ")}, got " & $string($unknown)
  : $exists($in.runKey) and ($type($in.runKey) != "string" or $not($length($string($in.runKey)) in [1..256]))
    ? "runKey must be a string of 1 to 256 characters, got " & $string($in.runKey)
  : $exists($in.runDate) and $not($type($in.runDate) = "string" and $isDay($string($in.runDate)))
    ? "runDate must be a day such as 2026-01-31, got " & $string($in.runDate)
  : $exists($in.runDate) and $in.runDate > $today
    ? "runDate must not be later than the day of the start, " & $today & ", got " & $in.runDate
  : $exists($noFlag)
    ? $noFlag & " must be true or false, got " & $string($lookup($in, $noFlag))
  : ""
)`;

/** The given run date, or else the UTC day before the scheduled time, or else the UTC day before the start. */
const RUN_DATE = String.raw`(
  $isDay := ${IS_DAY};
  $isTime := $contains($runKey, /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/) and $isDay($substring($runKey, 0, 10));
  $from := $toMillis($isTime ? $runKey : $states.context.Execution.StartTime);
  $givenDate != "" ? $givenDate : $fromMillis($from - 86400000, "[Y0001]-[M01]-[D01]")
)`;

/**
 * Checks the input and sets `$runKey` (default: the execution's name), `$runHash` (12 hexadecimal digits of the run key's hash),
 * `$runDate`, `$rebuild`, `$acceptShrink` and `$acceptBadRows`. A run key that is a time, as the schedule passes it, is the scheduled time.
 */
export function prepareRun(): Step {
  return {
    first: "Prepare",
    states: (next) => ({
      Prepare: { Type: "Pass", Assign: { cause: jsonata(PROBLEM) }, Next: "CheckInput" },
      CheckInput: choice([{ when: '$cause != ""', next: "BadInput" }], "ReadInput"),
      ReadInput: {
        Type: "Pass",
        Assign: {
          runKey: jsonata("$exists($states.input.runKey) ? $states.input.runKey : $states.context.Execution.Name"),
          givenDate: jsonata('$exists($states.input.runDate) ? $states.input.runDate : ""'),
          ...Object.fromEntries(FLAGS.map((flag) => [flag, jsonata(`$states.input.${flag} = true`)])),
        },
        Next: "NameRun",
      },
      NameRun: {
        Type: "Pass",
        Assign: { runHash: jsonata('$substring($hash($runKey, "SHA-256"), 0, 12)'), runDate: jsonata(RUN_DATE) },
        Next: next,
      },
      BadInput: fail("Start the pipeline again with an input that follows this rule.", "BadInput"),
    }),
  };
}
