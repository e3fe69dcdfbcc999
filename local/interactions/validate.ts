import type { Interaction } from "./table";

const MAX_ID_CHARACTERS = 256;
const DAY_SECONDS = 86_400;

/** What a row is judged by. */
export interface RowRules {
  /** Epoch seconds; a TIMESTAMP more than a day later is wrong. */
  nowSeconds: number;
  /** Event type of rows without one: the stack's recommender.defaultEventType. */
  defaultEventType: string;
}

/** A row's cells as they stand in the file; eventType is undefined where the file has no such column. */
export interface Cells {
  userId: string;
  itemId: string;
  timestamp: string;
  eventType?: string;
}

/** A good row, or the reason why it is left out. */
export type Checked = { ok: true; row: Interaction } | { ok: false; reason: string };

/**
 * Decides whether a row is one that Personalize takes: ids are 1 to 256 characters without control characters, TIMESTAMP is a
 * whole number of epoch seconds, positive and at most a day ahead. A row without an event type gets the default one.
 */
export function checkRow(cells: Cells, { nowSeconds, defaultEventType }: RowRules): Checked {
  const eventType = cells.eventType === undefined || cells.eventType === "" ? defaultEventType : cells.eventType;
  const reason =
    textProblem("userId", cells.userId) ??
    textProblem("itemId", cells.itemId) ??
    timestampProblem(cells.timestamp, nowSeconds) ??
    textProblem("eventType", eventType);
  if (reason !== undefined) return { ok: false, reason };
  return { ok: true, row: { userId: cells.userId, itemId: cells.itemId, timestamp: Number(cells.timestamp), eventType } };
}

function textProblem(name: string, value: string): string | undefined {
  if (value === "") return `${name}Empty`;
  if (value.length > MAX_ID_CHARACTERS && [...value].length > MAX_ID_CHARACTERS) return `${name}TooLong`;
  if (/\p{Cc}/u.test(value)) return `${name}ControlCharacter`;
  if (value.includes("\uFFFD")) return `${name}NotUtf8`;
  return undefined;
}

function timestampProblem(text: string, nowSeconds: number): string | undefined {
  if (!/^-?\d+$/.test(text)) return "timestampNotWholeSeconds";
  const seconds = Number(text);
  if (seconds <= 0) return "timestampNotPositive";
  return seconds > nowSeconds + DAY_SECONDS ? "timestampInFuture" : undefined;
}
