import { ServiceError } from "../service";

const DEFAULT = 100;
const MOST = 1000;

/** How a list is cut into pages. */
interface Order<T> {
  /** An item's own number, by which the list is sorted. */
  numberOf: (item: T) => number;
  /** Whether the highest number comes first. */
  descending: boolean;
}

/**
 * One page of a list; its token names the last item, so a list that grows gives each item once.
 *
 * @throws ServiceError InvalidToken, ValidationException
 */
export function page<T>(
  all: readonly T[],
  { maxResults = 0, nextToken }: { maxResults?: number; nextToken?: string },
  { numberOf, descending }: Order<T>,
): { items: T[]; nextToken?: string } {
  if (!Number.isInteger(maxResults) || maxResults < 0 || maxResults > MOST) {
    throw new ServiceError("ValidationException", `maxResults must be a whole number from 0 to ${MOST}, got ${maxResults}`);
  }
  const last = nextToken === undefined ? undefined : read(nextToken);
  const rest = last === undefined ? all : all.filter((item) => (descending ? numberOf(item) < last : numberOf(item) > last));
  const items = rest.slice(0, maxResults || DEFAULT);
  if (items.length === rest.length) return { items };
  return { items, nextToken: Buffer.from(`after:${numberOf(items[items.length - 1])}`).toString("base64") };
}

function read(token: string): number {
  const [, number] = /^after:(\d+)$/.exec(Buffer.from(token, "base64").toString()) ?? [];
  if (number === undefined) throw new ServiceError("InvalidToken", `Invalid Token: '${token}'`);
  return Number(number);
}
