import type { InteractionTable } from "./table";

/**
 * Encodes rows as the historical drop has them: CSV (RFC 4180) with a header.
 *
 * @param rows row indexes
 */
export function encodeHistory(table: InteractionTable, rows: Uint32Array): Buffer {
  const lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"];
  for (const index of rows) {
    const { userId, itemId, timestamp, eventType } = table.row(index);
    lines.push(`${csvCell(userId)},${csvCell(itemId)},${timestamp},${csvCell(eventType)}`);
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** A cell as RFC 4180 has it, in quotes only where a comma or a quote demands them. */
export function csvCell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
