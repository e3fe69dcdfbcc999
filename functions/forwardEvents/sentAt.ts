const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|([+-])(\d{2}):?(\d{2}))?)?$/;
const MILLISECONDS_FROM = 1e11;
const SECONDS_A_DAY = 86_400;

/**
 * Reads an event's time.
 *
 * @param value epoch seconds, epoch milliseconds (from 1e11 on), or an ISO 8601 date or date-time; without a zone it is UTC
 * @param arrivedSeconds when the record reached the stream, in epoch seconds
 * @returns whole epoch seconds (rounded down), or undefined when the value is no time, 0, negative or later than a day after the arrival
 */
export function parseSentAt(value: unknown, arrivedSeconds: number): number | undefined {
  const seconds = typeof value === "number" ? fromNumber(value) : typeof value === "string" ? fromIso(value) : undefined;
  if (seconds === undefined || !Number.isFinite(seconds) || seconds <= 0 || seconds > arrivedSeconds + SECONDS_A_DAY) return undefined;
  return seconds;
}

function fromNumber(value: number): number {
  return Math.floor(value >= MILLISECONDS_FROM ? value / 1000 : value);
}

function fromIso(value: string): number | undefined {
  const match = ISO.exec(value);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, offsetHour, offsetMinute] = [1, 2, 3, 4, 5, 6, 8, 9].map((i) => Number(match[i] ?? 0));
  if (year < 1970 || hour > 23 || minute > 59 || second > 59 || offsetMinute > 59 || offsetHour * 60 + offsetMinute > 14 * 60)
    return undefined;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offsetSeconds = (offsetHour * 60 + offsetMinute) * 60 * (match[7] === "-" ? -1 : 1);
  return date.getTime() / 1000 - offsetSeconds;
}
