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
    lines.push(`${cell(userId)},${cell(itemId)},${timestamp},${cell(eventType)}`);
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

function cell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
