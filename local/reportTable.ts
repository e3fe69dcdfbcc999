import * as Table from "cli-table3";
import { describeLeftOut } from "./interactions/source";
import type { Campaign, Count, PipelineRun, Problem, Report, Totals, Training } from "./report";

/** Longest example: the cause of a failed run lists all that was left out, and then what to do. */
const SHOWN_CHARACTERS = 1000;
const WIDEST_CHARACTERS = 70;

/**
 * Renders a report for people: a table, what was left out, the problems, and the status in the last line.
 *
 * @returns lines without colors
 */
export function renderReport(report: Report): string {
  const { input, produced, delivered, forwarded, deadLetters } = report;
  const leftOut = Object.values(input.leftOut).reduce((sum, { count }) => sum + count, 0);
  const rows: [string, string, string][] = [
    ["rows in", number(input.rows), `${number(input.valid)} good, ${number(leftOut)} left out`],
    ["history", number(input.history), "rows uploaded to upstream"],
    ["live", number(input.live), `rows in ${number(produced.sessions)} sessions`],
    ["produced", number(produced.records), `records, ${number(produced.events)} events, ${number(produced.bytes)} bytes`],
    ...poison(produced.poison),
    ["delivered", number(delivered.records), `records in ${number(delivered.objects)} objects; ${outcome(delivered)}`],
    ["forwarded", number(forwarded.events), `events, ${number(forwarded.distinct)} distinct; ${outcome(forwarded)}`],
    ["calls", number(forwarded.calls), `${forwarded.eventsPerCall.toFixed(2)} events per call, ${number(forwarded.throttled)} throttled`],
    ["dead letters", number(deadLetters.records), counts(deadLetters.byReason) || "none"],
    ...report.runs.flatMap(pipelineRun),
    ...(report.campaign ? [campaign(report.campaign)] : []),
    ["seconds", report.seconds.total.toFixed(1), counts(report.seconds, "total")],
  ];
  const table = new Table({
    head: ["", "count", "of it"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "left"],
  });
  table.push(...rows);
  const warnings = leftOut > 0 ? [`left out: ${describeLeftOut(input.leftOut)}`] : [];
  return [
    table.toString(),
    ...warnings,
    ...report.problems.map(describe),
    `${report.tenant} on stack ${report.stack}: ${report.status}`,
  ].join("\n");
}

function describe({ check, expected, actual, examples }: Problem): string {
  const lines = [`problem: ${check}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`];
  return [...lines, ...examples.map((example) => `  ${shortened(example)}`)].join("\n");
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

/** A row if there is any poison. */
function poison(kinds: Report["produced"]["poison"]): [string, string, string][] {
  const records = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return records === 0 ? [] : [["poison", number(records), counts(kinds)]];
}

/** What went into a run, what it left out, and what it produced. */
function pipelineRun({ runDate, status, seconds, export: made, training }: PipelineRun): [string, string, string][] {
  const total = Object.values(seconds).reduce((sum, value) => sum + value, 0);
  const run: [string, string, string] = ["pipeline", total.toFixed(1), `seconds, run date ${runDate}, ${status}`];
  if (made === undefined) return [run];
  const { rowsIn, leftOut, expected, table, csv, engine } = made;
  return [
    run,
    ["export in", number(rowsIn), `rows, left out: ${counts(leftOut) || "none"}`],
    ["table", number(table.rows), `rows, ${sizes(table)}; ${number(expected.rows)} expected`],
    ["CSV", number(csv.rows), `rows, ${sizes(csv)}, ${number(csv.bytes)} bytes by ${engine}`],
    ...(training ? trained(training) : []),
  ];
}

/** Outcome of a run's training, and the metrics of its solution version. */
function trained({ decision, reason, metrics, present, baseline }: Training): [string, string, string][] {
  const row: [string, string, string] = ["training", "", `${decision}: ${reason.replace(/\barn:\S*\//g, "")}`];
  return [row, ...Object.entries({ metrics, present, baseline }).flatMap(([label, values]) => measured(label, values ?? {}))];
}

function measured(label: string, metrics: Count): [string, string, string][] {
  const values = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return values.length === 0 ? [] : [[label, number(values.length), values.reduce(append, "")]];
}

function campaign({ requests, shown, followed, solutionVersionArn }: Campaign): [string, string, string] {
  const version = solutionVersionArn.split("/").at(-1);
  return ["campaign", number(requests), `requests, ${number(shown)} items shown, ${number(followed)} followed; serves ${version}`];
}

function sizes({ users, items }: Totals): string {
  return `${number(users)} users, ${number(items)} items`;
}

function outcome({ missing, doubled, changed }: { missing: number; doubled: number; changed: number }): string {
  return `${number(missing)} missing, ${number(doubled)} doubled, ${number(changed)} changed`;
}

function counts(values: Record<string, number>, except?: string): string {
  const shown = Object.entries(values).filter(([name]) => name !== except);
  return shown.map(([name, value]) => `${name} ${Number.isInteger(value) ? number(value) : value.toFixed(1)}`).reduce(append, "");
}

/** Starts a new line rather than a wider one. */
function append(text: string, part: string): string {
  if (text === "") return part;
  const last = text.length - text.lastIndexOf("\n") - 1;
  return `${text},${last + part.length + 3 > WIDEST_CHARACTERS ? "\n" : " "}${part}`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
