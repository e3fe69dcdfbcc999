import * as fc from "fast-check";
import { InteractionTable, type Interaction } from "../../local/interactions/table";

/** A table of the given rows. */
export function tableOf(rows: readonly Interaction[]): InteractionTable {
  const table = new InteractionTable();
  for (const row of rows) table.add(row);
  return table;
}

/** All rows of a table. */
export function rowsOf(table: InteractionTable): Interaction[] {
  return Array.from({ length: table.length }, (_, index) => table.row(index));
}

const id = fc.oneof(
  fc.constantFrom("1", "9007199254740993", 'a"b,c', "ü", "u 1"),
  fc.string({ minLength: 1, maxLength: 8 }).map(printable),
);

/** Few users within a few hours, so that sessions, ties and repeated rows are frequent. */
export const interactions: fc.Arbitrary<Interaction[]> = fc.array(
  fc.record(
    {
      userId: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("a", "b", "c") }, id),
      itemId: id,
      timestamp: fc.integer({ min: 1_700_000_000, max: 1_700_020_000 }),
      eventType: fc.constantFrom("watch", "click"),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 120 },
);

function printable(text: string): string {
  return text.replace(/[\p{Cc}\uFFFD]/gu, "x");
}
