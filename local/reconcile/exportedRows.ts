import { problem, type Problem, type Totals } from "../report";
import { rowKey, type ExportedRow } from "./exportedExpected";

/** Rows that were found, against the rows that must be there. */
export interface RowFindings {
  totals: Totals;
  problems: Problem[];
}

/** Size of a set of rows. */
export class RowCounter {
  private rows = 0;
  private readonly users = new Set<string>();
  private readonly items = new Set<string>();

  add({ userId, itemId }: ExportedRow): void {
    this.rows += 1;
    this.users.add(userId);
    this.items.add(itemId);
  }

  get totals(): Totals {
    return { rows: this.rows, users: this.users.size, items: this.items.size };
  }
}

/**
 * Compares rows as a multiset: a row that is not there is `missing`, one that is there too often or that nobody expects is
 * `unexpected`.
 *
 * @param check what the problems' names begin with
 * @param expected times by identity; used up
 */
export async function compareRows(check: string, expected: Map<string, number>, rows: AsyncIterable<ExportedRow>): Promise<RowFindings> {
  const counter = new RowCounter();
  const unexpected: string[] = [];
  for await (const row of rows) {
    counter.add(row);
    const key = rowKey(row);
    const left = expected.get(key) ?? 0;
    if (left === 0) unexpected.push(key);
    else if (left === 1) expected.delete(key);
    else expected.set(key, left - 1);
  }
  const missing = [...expected].flatMap(([key, left]) => Array.from({ length: left }, () => key));
  const problems = Object.entries({ missing, unexpected })
    .filter(([, examples]) => examples.length > 0)
    .map(([name, examples]) => problem(`${check}.${name}`, 0, examples.length, examples));
  return { totals: counter.totals, problems };
}
