import { problem, type Problem, type Report } from "../report";
import { readRecord } from "./expectedEvents";
import type { StoredObject } from "./storage";

/** What the lake received, compared with what it must have received. */
export interface DeliveredFindings {
  delivered: Report["delivered"];
  problems: Problem[];
}

/**
 * Compares the lines of the raw events with the produced records, byte by byte and as a multiset. A line is `doubled` when its record
 * is there more often than it was produced, and `changed` when no record has its bytes. A changed line with the session and events of
 * a record stands for that record, which is then not `missing` as well. A record of several lines that are there counts once.
 *
 * @param records what Firehose must write of each record, without the last newline
 * @param objects objects of raw events; each record ends with a newline
 */
export async function compareDelivered(records: Iterable<Buffer>, objects: AsyncIterable<StoredObject>): Promise<DeliveredFindings> {
  const expected = new Map<string, number>();
  const ofSeveralLines: string[][] = [];
  for (const record of records) {
    const lines = [...splitLines(`${record.toString("latin1")}\n`)];
    for (const line of lines) expected.set(line, (expected.get(line) ?? 0) + 1);
    if (lines.length > 1) ofSeveralLines.push(lines);
  }
  const delivered = { objects: 0, records: 0, bytes: 0, missing: 0, doubled: 0, changed: 0 };
  const doubled: string[] = [];
  const unknown: { line: string; key: string }[] = [];
  for await (const { key, size, content } of objects) {
    delivered.objects += 1;
    delivered.bytes += size;
    for (const line of splitLines(content.toString("latin1"))) {
      delivered.records += 1;
      const left = expected.get(line);
      if (left === undefined) unknown.push({ line, key });
      else if (left === 0) doubled.push(line);
      else expected.set(line, left - 1);
    }
  }
  for (const lines of ofSeveralLines) {
    const found = lines.filter((line) => expected.get(line) === 0);
    delivered.records -= Math.max(0, found.length - 1);
  }
  const missing = [...expected].flatMap(([line, left]) => Array.from({ length: left }, () => line));
  const lost = withoutChanged(missing, unknown);
  Object.assign(delivered, { missing: lost.length, doubled: doubled.length, changed: unknown.length });
  const examples = unknown.map(({ line, key }) => `${key}: ${utf8(line)}`);
  const problems = [
    ...found("delivered.missing", lost.map(utf8)),
    ...found("delivered.doubled", doubled.map(utf8)),
    ...found("delivered.changed", examples),
  ];
  return { delivered, problems };
}

function* splitLines(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline + 1;
    yield text.slice(start, end);
    start = end;
  }
}

/** Leaves out the records for which a changed line stands. */
function withoutChanged(missing: string[], changed: { line: string }[]): string[] {
  if (changed.length === 0) return missing;
  const standIns = new Map<string, number>();
  for (const { line } of changed) {
    const content = signature(line);
    if (content !== undefined) standIns.set(content, (standIns.get(content) ?? 0) + 1);
  }
  return missing.filter((line) => {
    const content = signature(line);
    const left = content === undefined ? 0 : (standIns.get(content) ?? 0);
    if (content !== undefined && left > 0) standIns.set(content, left - 1);
    return left === 0;
  });
}

function signature(line: string): string | undefined {
  const record = readRecord(utf8(line));
  return record && JSON.stringify([record.sessionId, ...record.identities.sort()]);
}

function utf8(line: string): string {
  return Buffer.from(line, "latin1").toString().trimEnd();
}

function found(check: string, examples: string[]): Problem[] {
  return examples.length === 0 ? [] : [problem(check, 0, examples.length, examples)];
}
