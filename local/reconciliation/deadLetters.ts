import { isDeepStrictEqual } from "node:util";
import type { BadLine, ExpectedDeadLetter, ProducedRecord } from "../interactions/records";
import { problem, type Problem, type Report } from "../report";
import type { StoredObject } from "./storage";

/** What the dead-letter store holds, compared with what it must hold. */
export interface DeadLetterFindings {
  deadLetters: Report["deadLetters"];
  problems: Problem[];
}

interface DeadLetter {
  reason: string;
  sequenceNumber: string;
  shard: string;
  events?: number[];
  lines?: BadLine[];
  data: string;
}

/** Expected dead letters of equal bytes. */
interface ExpectedLetters extends ExpectedDeadLetter {
  kind: string;
  /** How many have not been found yet. */
  left: number;
}

/**
 * Compares dead letters with the expected ones, by their bytes and as a multiset: none may be `missing` or `unexpected`, and each must
 * have the right reason and indexes of bad lines and events. A redelivery may write a record again, so distinct (shard, sequence number) count;
 * copies that differ are `contradicting`.
 *
 * @param records all records on the stream
 * @param objects NDJSON objects of the dead-letter store
 */
export async function compareDeadLetters(
  records: Iterable<ProducedRecord>,
  objects: AsyncIterable<StoredObject>,
): Promise<DeadLetterFindings> {
  const { letters, malformed, contradicting, ...counts } = await readLetters(objects);
  const expected = expectedLetters(records);
  const found = {
    missing: [] as string[],
    unexpected: [] as string[],
    reason: [] as string[],
    events: [] as string[],
    lines: [] as string[],
  };
  const wrong = { ...found, contradicting, malformed };
  const byReason = new Map<string, number>();
  for (const [place, { reason, data, ...parts }] of letters) {
    byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
    const one = expected.get(data);
    if (one === undefined || one.left === 0) {
      wrong.unexpected.push(`${place}: ${reason}: ${shown(data)}`);
      continue;
    }
    one.left -= 1;
    if (one.reason !== reason) wrong.reason.push(`${place}: ${one.kind} must have ${one.reason}, got ${reason}`);
    for (const part of ["events", "lines"] as const) {
      if (isDeepStrictEqual(one[part], parts[part])) continue;
      const [must, got] = [one[part], parts[part]].map((indexes) => JSON.stringify(indexes ?? null));
      wrong[part].push(`${place}: ${one.kind} must have ${must}, got ${got}`);
    }
  }
  for (const [data, { kind, left }] of expected) {
    for (let copy = 0; copy < left; copy += 1) wrong.missing.push(`${kind}: ${shown(data)}`);
  }
  return {
    deadLetters: { ...counts, records: letters.size, byReason: Object.fromEntries([...byReason].sort()) },
    problems: Object.entries(wrong)
      .filter(([, examples]) => examples.length > 0)
      .map(([name, examples]) => problem(`deadLetters.${name}`, 0, examples.length, examples)),
  };
}

/** Reads dead letters by shard and sequence number, and the lines that are not dead letters. */
async function readLetters(objects: AsyncIterable<StoredObject>) {
  const read = { objects: 0, letters: new Map<string, DeadLetter>(), contradicting: [] as string[], malformed: [] as string[] };
  for await (const { key, content } of objects) {
    read.objects += 1;
    for (const line of content.toString().split("\n").filter(Boolean)) {
      const letter = parseLetter(line);
      if (letter === undefined) {
        read.malformed.push(`${key}: ${line}`);
        continue;
      }
      const place = `${letter.shard} ${letter.sequenceNumber}`;
      const copy = read.letters.get(place);
      if (copy === undefined) read.letters.set(place, letter);
      else if (!isDeepStrictEqual(copy, letter)) read.contradicting.push(`${key}: ${line}`);
    }
  }
  return read;
}

function expectedLetters(records: Iterable<ProducedRecord>): Map<string, ExpectedLetters> {
  const expected = new Map<string, ExpectedLetters>();
  for (const { data, poison = "good", deadLetter } of records) {
    if (deadLetter === undefined) continue;
    const key = data.toString("base64");
    const one = expected.get(key) ?? { ...deadLetter, kind: poison, left: 0 };
    one.left += 1;
    expected.set(key, one);
  }
  return expected;
}

/** @returns undefined when the line is not a dead letter */
function parseLetter(line: string): DeadLetter | undefined {
  try {
    const letter = JSON.parse(line) as Record<string, unknown>;
    const isLetter = ["reason", "sequenceNumber", "shard", "data"].every((member) => typeof letter[member] === "string");
    return isLetter ? (letter as unknown as DeadLetter) : undefined;
  } catch {
    return undefined;
  }
}

function shown(data: string): string {
  return JSON.stringify(Buffer.from(data, "base64").toString());
}
