import type { Interaction } from "./table";

const MAX_ID_CHARACTERS = 256;
/** Words for "no value". A number beyond a double is Infinity in Athena. */
const NO_VALUE = ["\\N", "null", "NULL", "None", "undefined", "nan", "NaN", "<NA>", "Infinity", "-Infinity"];
const DAY_SECONDS = 86_400;
/** As seconds it would be the year 5138. */
const MILLISECONDS_FROM = 1e11;

/** Rules for rows. */
export interface RowRules {
  /** Epoch seconds. A TIMESTAMP more than a day later is bad. */
  nowSeconds: number;
  /** Event type of rows without one: the stack's recommender.defaultEventType. */
  defaultEventType: string;
}

/** A row's cells as the file has them. `eventType` is undefined where the file has no such column. */
export interface Cells {
  userId: string;
  itemId: string;
  timestamp: string;
  eventType?: string;
}

/** A good row, or the reason why it is left out. */
export type CheckedRow = { ok: true; row: Interaction } | { ok: false; reason: string };

/**
 * Checks whether Personalize accepts a row: ids have 1 to 256 characters, no control characters, and are no word for "no value";
 * TIMESTAMP is a time that {@link secondsOf} reads, positive and at most a day ahead. A row without an event type, or with such a word in
 * its place, gets the default one.
 */
export function checkRow(cells: Cells, { nowSeconds, defaultEventType }: RowRules): CheckedRow {
  const { eventType: cell = "" } = cells;
  const eventType = cell === "" || NO_VALUE.includes(cell) ? defaultEventType : cell;
  const timestamp = secondsOf(cells.timestamp);
  const reason =
    textProblem("userId", cells.userId) ??
    textProblem("itemId", cells.itemId) ??
    timestampProblem(timestamp, nowSeconds) ??
    textProblem("eventType", eventType);
  if (reason !== undefined) return { ok: false, reason };
  return { ok: true, row: { userId: cells.userId, itemId: cells.itemId, timestamp, eventType } };
}

function textProblem(name: string, value: string): string | undefined {
  if (value === "") return `${name}Empty`;
  if (NO_VALUE.includes(value)) return `${name}NoValue`;
  if (value.length > MAX_ID_CHARACTERS && [...value].length > MAX_ID_CHARACTERS) return `${name}TooLong`;
  if (/\p{Cc}/u.test(value)) return `${name}ControlCharacter`;
  if (value.includes("\uFFFD")) return `${name}NotUtf8`;
  return undefined;
}

function timestampProblem(seconds: number, nowSeconds: number): string | undefined {
  if (Number.isNaN(seconds)) return "timestampNotWholeSeconds";
  if (seconds <= 0) return "timestampNotPositive";
  return seconds > nowSeconds + DAY_SECONDS ? "timestampInFuture" : undefined;
}

const NUMBER = /^-?\d{1,20}(?:\.0{1,20}|(?:\.\d{1,20})?e[+-]?\d{1,2})?$/i;
const DAY = /^(?:19[7-9]|[2-9]\d\d)\d-\d\d-\d\d/;
const TIME = /[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?/;
const ZONE = /Z|[+-](?:(?:0\d|1[0-3]):?[0-5]\d|14:?00)/;
const ISO = new RegExp(`(${DAY.source})(?:(${TIME.source})(${ZONE.source})?)?$`);

/**
 * Reads a time: epoch seconds, epoch milliseconds (1e11 and above) or ISO 8601 with `T` or a space, UTC where it has no zone. A whole
 * number may have `.0` or an exponent.
 *
 * @returns whole epoch seconds; NaN for anything else
 */
export function secondsOf(text: string): number {
  if (NUMBER.test(text)) {
    const value = Number(text);
    if (!Number.isInteger(value)) return NaN;
    return value >= MILLISECONDS_FROM ? Math.floor(value / 1000) : value;
  }
  const [, day, time = " 00:00", zone = "Z"] = ISO.exec(text) ?? [];
  if (day === undefined) return NaN;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Date.parse reads 30 February as a day of March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return NaN;
  const [hours, minutes, seconds = 0] = time
    .slice(1)
    .split(":")
    .map((part) => Math.floor(Number(part)));
  const [, sign, zoneHours, zoneMinutes] = /([+-])(\d\d):?(\d\d)/.exec(zone) ?? ["", "+", "0", "0"];
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -60 : 60);
  return midnight / 1000 + hours * 3600 + minutes * 60 + seconds - offset;
}
