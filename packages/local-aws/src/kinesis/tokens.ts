import { ServiceError } from "../service";

const LIFE_MS = 300_000;

/** Where a shard iterator stands. */
export interface Position {
  stream: string;
  shardIndex: number;
  position: number;
}

/** What a NextToken of ListShards goes on with. */
export interface Page {
  stream: string;
  /** Index of the first shard that is not yet listed. */
  from: number;
  /** Of the shards that were open at some time from `openFrom` to `openTo`, both in epoch milliseconds. */
  openFrom: number;
  openTo: number;
}

/** @param now epoch milliseconds; the iterator expires five minutes later */
export function writeIterator({ stream, shardIndex, position }: Position, now: number): string {
  return encode("iterator", [stream, shardIndex, position, now]);
}

/** @throws ServiceError InvalidArgumentException for what this service did not give out */
export function readIterator(iterator: unknown): Position & { issuedAt: number } {
  const [stream, shardIndex, position, issuedAt] = decode("iterator", iterator, 4) ?? [];
  if (!isName(stream) || !isCount(shardIndex) || !isCount(position) || !isCount(issuedAt)) {
    throw new ServiceError("InvalidArgumentException", `Invalid ShardIterator ${shorten(iterator)}.`);
  }
  return { stream, shardIndex, position, issuedAt };
}

/** @throws ServiceError ExpiredIteratorException */
export function checkIteratorAge(issuedAt: number, now: number): void {
  if (now - issuedAt <= LIFE_MS) return;
  throw new ServiceError(
    "ExpiredIteratorException",
    `Iterator expired. The iterator was created at time ${time(issuedAt)} while right now it is ${time(now)}` +
      ` which is further in the future than the tolerated delay of ${LIFE_MS} milliseconds.`,
  );
}

/** @param now epoch milliseconds; the token expires five minutes later */
export function writePageToken({ stream, from, openFrom, openTo }: Page, now: number): string {
  return encode("page", [stream, from, openFrom, openTo, now]);
}

/** @throws ServiceError InvalidArgumentException for what this service did not give out */
export function readPageToken(token: unknown): Page & { issuedAt: number } {
  const [stream, from, openFrom, openTo, issuedAt] = decode("page", token, 5) ?? [];
  if (!isName(stream) || !isCount(from) || !isCount(openFrom) || !isCount(openTo) || !isCount(issuedAt)) {
    throw new ServiceError("InvalidArgumentException", `Invalid NextToken ${shorten(token)}.`);
  }
  return { stream, from, openFrom, openTo, issuedAt };
}

/** @throws ServiceError ExpiredNextTokenException */
export function checkPageTokenAge(issuedAt: number, now: number): void {
  if (now - issuedAt > LIFE_MS) {
    throw new ServiceError(
      "ExpiredNextTokenException",
      `NextToken was given out at ${time(issuedAt)} and expired after ${LIFE_MS} milliseconds.`,
    );
  }
}

function encode(kind: string, values: (string | number)[]): string {
  return Buffer.from(JSON.stringify([kind, ...values])).toString("base64");
}

function decode(kind: string, text: unknown, length: number): unknown[] | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    return Array.isArray(value) && value[0] === kind && value.length === length + 1 ? (value.slice(1) as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const time = (ms: number): string => new Date(ms).toUTCString();
const shorten = (value: unknown): string => String(value).slice(0, 100);
