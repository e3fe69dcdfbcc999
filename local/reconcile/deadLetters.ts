import type { ProducedRecord } from "../interactions/records";
import { problem, type Count, type Problem, type Report } from "../report";
import type { StoredObject } from "../upstream";

/** What the dead-letter store holds, against what belongs there. */
export interface DeadLetterFindings {
  deadLetters: Report["deadLetters"];
  problems: Problem[];
}

interface DeadLetter {
  reason: string;
  sequenceNumber: string;
  shard: string;
  data: string;
}

/**
 * Compares dead letters with the odd records that belong there, kind by kind and by their bytes. A redelivery may write a record
 * again: distinct (shard, sequence number) count.
 *
 * @param records every record on the stream
 * @param objects NDJSON objects of the dead-letter store
 */
export async function compareDeadLetters(
  records: Iterable<ProducedRecord>,
  objects: AsyncIterable<StoredObject>,
): Promise<DeadLetterFindings> {
  const awaited = new Map<string, string>();
  const expected: Count = {};
  for (const { poison, events, data } of records) {
    if (poison === undefined || events > 0) continue;
    awaited.set(data.toString("base64"), poison);
    expected[poison] = (expected[poison] ?? 0) + 1;
  }
  const deadLetters = { objects: 0, records: 0, byReason: {} as Count };
  const actual: Count = {};
  const unexpected: string[] = [];
  const known = new Set<string>();
  for await (const { key, content } of objects) {
    deadLetters.objects += 1;
    for (const line of content.toString().split("\n").filter(Boolean)) {
      const letter = parseLetter(key, line);
      const place = `${letter.shard} ${letter.sequenceNumber}`;
      if (known.has(place)) continue;
      known.add(place);
      deadLetters.records += 1;
      deadLetters.byReason[letter.reason] = (deadLetters.byReason[letter.reason] ?? 0) + 1;
      const kind = awaited.get(letter.data);
      if (kind === undefined) unexpected.push(`${letter.reason} ${place}`);
      else actual[kind] = (actual[kind] ?? 0) + 1;
    }
  }
  const problems = Object.keys(expected)
    .filter((kind) => expected[kind] !== (actual[kind] ?? 0))
    .map((kind) => problem(`deadLetters.${kind}`, expected[kind], actual[kind] ?? 0));
  if (unexpected.length > 0) problems.push(problem("deadLetters.unexpected", 0, unexpected.length, unexpected));
  return { deadLetters, problems };
}

function parseLetter(key: string, line: string): DeadLetter {
  try {
    return JSON.parse(line) as DeadLetter;
  } catch {
    throw new Error(`${key} must be one JSON object a line, got ${JSON.stringify(line.slice(0, 100))}`);
  }
}
