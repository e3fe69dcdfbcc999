import { choice, fail, jsonata, type States } from "../states";

const INPUT = ["runDate", "runKey", "rebuild"];
const DAY_MILLISECONDS = 86_400_000;

const isoDay = (milliseconds: string): string => `$fromMillis(${milliseconds}, "[Y0001]-[M01]-[D01]")`;

/** True when a day is on the calendar: JSONata alone would take 30 February for 2 March. */
const isDay = (day: string): string =>
  `($type(${day}) = "string" ? ($contains(${day}, /^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$/) ? ` +
  `${isoDay(`$toMillis(${day} & "T00:00:00Z")`)} = ${day} : false) : false)`;

const STARTED = "$states.context.Execution.StartTime";
const SCHEDULED = "$contains($runKey, /^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$/)";

/** First thing that is wrong with the input; an empty text when nothing is. */
const PROBLEM = [
  "($in := $states.input; $today := $substring($states.context.Execution.StartTime, 0, 10);",
  `$unknown := $keys($in)[$not($ in ${JSON.stringify(INPUT)})];`,
  `$type($in) != "object" ? "input must be an object, got " & $string($in)`,
  `: $exists($unknown) ? "input must have no other keys than ${INPUT.join(", ")}, got " & $string($unknown)`,
  `: $exists($in.runKey) and ($type($in.runKey) != "string" or $not($length($string($in.runKey)) in [1..256]))`,
  `? "runKey must be a text of 1 to 256 characters, got " & $string($in.runKey)`,
  `: $exists($in.runDate) and $not(${isDay("$in.runDate")})`,
  `? "runDate must be a day as 2026-01-31, got " & $string($in.runDate)`,
  `: $exists($in.runDate) and $in.runDate > $today`,
  `? "runDate must be no later than the day of the start, " & $today & ", got " & $in.runDate`,
  `: $exists($in.rebuild) and $type($in.rebuild) != "boolean"`,
  `? "rebuild must be true or false, got " & $string($in.rebuild)`,
  `: "")`,
].join(" ");

/**
 * Reads the input: `$runKey` (default: the execution's name), `$runHash` (12 hexadecimal digits of it), `$runDate` (default: the UTC
 * day before the scheduled time, else before the start), `$rebuild`.
 */
export function prepareStates(next: string): States {
  return {
    Prepare: { Type: "Pass", Assign: { cause: jsonata(PROBLEM) }, Next: "CheckInput" },
    CheckInput: choice([{ when: '$cause != ""', next: "BadInput" }], "ReadInput"),
    ReadInput: {
      Type: "Pass",
      Assign: {
        runKey: jsonata("$exists($states.input.runKey) ? $states.input.runKey : $states.context.Execution.Name"),
        givenDate: jsonata('$exists($states.input.runDate) ? $states.input.runDate : ""'),
        rebuild: jsonata("$states.input.rebuild = true"),
      },
      Next: "NameRun",
    },
    NameRun: {
      Type: "Pass",
      Assign: {
        runHash: jsonata('$substring($hash($runKey, "SHA-256"), 0, 12)'),
        runDate: jsonata(
          `$givenDate != "" ? $givenDate : ${isoDay(`$toMillis(${SCHEDULED} ? $runKey : ${STARTED}) - ${DAY_MILLISECONDS}`)}`,
        ),
      },
      Next: next,
    },
    BadInput: fail("start the pipeline again with an input that follows the rule.", "BadInput"),
  };
}
