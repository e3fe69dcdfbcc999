import type { IdSet } from "../../functions/exportInteractions/counting/idSet";

/** Adds an id that is at hand as a text. */
export function addId(set: IdSet, id: string): void {
  const bytes = Buffer.from(`${id}...`);
  set.add(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length - 3);
}
