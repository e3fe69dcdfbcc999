import { z } from "zod";
import { ServiceError } from "./service";

/** How a service answers a list in pages. */
export interface PagingOptions<Token extends string, Size extends string> {
  /** Member of request and answer that holds the token, for example `NextToken`. */
  token: Token;
  /** Member of the request that limits a page, for example `MaxResults`. */
  size: Size;
  /** Highest limit that a request may ask for. */
  most: number;
  /** Lowest limit that a request may ask for; 0 means the default. @default 1 */
  least?: 0 | 1;
  /** Items of a page when the request has no limit. @default `most` */
  usual?: number;
  /** Error code of a token that is not the service's own. */
  invalidToken: string;
}

/** Position of an item in a list that may change between two pages. */
export interface Order<T> {
  /** A number that stays with its item. @default the index */
  numberOf: (item: T, index: number) => number;
  /** Whether the highest number comes first. @default false */
  descending?: boolean;
}

/** One page. */
export interface Page<T, Token extends string> {
  items: T[];
  /** The token's member, to be spread into the answer; empty on the last page. */
  next: Partial<Record<Token, string>>;
}

/**
 * The two members that page a list, and the function that cuts it.
 *
 * A token names the last item of its page, so each item of a list that grows is in one page only.
 */
export function paging<Token extends string, Size extends string>(options: PagingOptions<Token, Size>) {
  const { token, size, most, least = 1, usual = most, invalidToken } = options;
  const members = {
    [token]: z.string().optional(),
    [size]: z.int().min(least).max(most).optional(),
  } as Record<Token, z.ZodOptional<z.ZodString>> & Record<Size, z.ZodOptional<z.ZodInt>>;

  const read = (text: string): number => {
    const [, number] = /^after:(\d+)$/.exec(Buffer.from(text, "base64").toString()) ?? [];
    if (number === undefined) throw new ServiceError(invalidToken, `Invalid Token: '${text}'`);
    return Number(number);
  };

  /** @throws ServiceError with the code `invalidToken` */
  function page<T>(
    all: readonly T[],
    request: Partial<Record<Token, string> & Record<Size, number>>,
    { numberOf, descending = false }: Order<T> = { numberOf: (_, index) => index },
  ): Page<T, Token> {
    const given: string | undefined = request[token];
    const last = given === undefined ? undefined : read(given);
    const follows = (number: number): boolean => last === undefined || (descending ? number < last : number > last);
    const numbered = all.map((item, index) => ({ item, number: numberOf(item, index) })).filter(({ number }) => follows(number));
    const shown = numbered.slice(0, request[size] || usual);
    const next = Buffer.from(`after:${shown.at(-1)?.number}`).toString("base64");
    return {
      items: shown.map(({ item }) => item),
      next: (shown.length < numbered.length ? { [token]: next } : {}) as Partial<Record<Token, string>>,
    };
  }
  return { members, page };
}
