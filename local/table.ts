import * as Table from "cli-table3";
import { describeLeftOut } from "./interactions/source";
import type { Problem, Report } from "./report";

const SHOWN_CHARACTERS = 200;
const WIDEST_CHARACTERS = 70;

/**
 * Renders a report for people: the way of the rows, what did not come out, and the verdict.
 *
 * @returns lines without colours
 */
export function renderReport(report: Report): string {
  const { input, produced, delivered, forwarded, deadLetters } = report;
  const leftOut = Object.values(input.leftOut).reduce((sum, { count }) => sum + count, 0);
  const rows: [string, string, string][] = [
    ["rows in", number(input.rows), `${number(input.valid)} good, ${number(leftOut)} left out`],
    ["history", number(input.history), "rows dropped in upstream"],
    ["live", number(input.live), `rows in ${number(produced.sessions)} sessions`],
    ["produced", number(produced.records), `records, ${number(produced.events)} events, ${number(produced.bytes)} bytes${odd(report)}`],
    ["delivered", number(delivered.records), `records in ${number(delivered.objects)} objects; ${outcome(delivered)}`],
    ["forwarded", number(forwarded.events), `events, ${number(forwarded.distinct)} distinct; ${outcome(forwarded)}`],
    ["calls", number(forwarded.calls), `${forwarded.eventsPerCall.toFixed(2)} events a call, ${number(forwarded.throttled)} throttled`],
    ["dead letters", number(deadLetters.records), counts(deadLetters.byReason) || "none"],
    ["seconds", report.seconds.total.toFixed(1), counts(report.seconds, "total")],
  ];
  const widest = Math.max(...rows.map(([, , text]) => text.length));
  const table = new Table({
    head: ["", "count", "of it"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "left"],
    colWidths: [null, null, Math.min(widest, WIDEST_CHARACTERS) + 2],
    wordWrap: true,
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
  return [...lines, ...examples.map((example) => `  ${example.slice(0, SHOWN_CHARACTERS)}`)].join("\n");
}

function odd({ produced }: Report): string {
  const kinds = counts(produced.poison);
  return kinds === "" ? "" : `; odd: ${kinds}`;
}

function outcome({ missing, doubled, changed }: { missing: number; doubled: number; changed: number }): string {
  return `${number(missing)} missing, ${number(doubled)} doubled, ${number(changed)} changed`;
}

function counts(values: Record<string, number>, except?: string): string {
  const shown = Object.entries(values).filter(([name]) => name !== except);
  return shown.map(([name, value]) => `${name} ${Number.isInteger(value) ? number(value) : value.toFixed(1)}`).join(", ");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
