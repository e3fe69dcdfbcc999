import type { Json } from "../service";
import { ServiceError } from "../service";

/** Members of a request that is answered in pages. */
export const PAGING = ["NextToken", "MaxResults"];

/** @throws ServiceError InvalidInputException */
export function textOf(input: Json, key: string): string {
  const value = input[key];
  if (typeof value !== "string" || value === "") throw invalid(`${key} must be a text, got ${JSON.stringify(value)}`);
  return value;
}

/** @throws ServiceError InvalidInputException */
export function textsOf(input: Json, key: string): string[] {
  const given = input[key];
  if (!Array.isArray(given) || given.length === 0 || !given.every((value) => typeof value === "string")) {
    throw invalid(`${key} must be a list of texts, got ${JSON.stringify(given)}`);
  }
  return given;
}

/**
 * A page of a list.
 *
 * @param most items of a page
 * @throws ServiceError InvalidInputException
 */
export function page<T>(all: T[], { NextToken, MaxResults }: Json, most: number): { items: T[]; NextToken?: string } {
  const size = MaxResults ?? most;
  if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > most) {
    throw invalid(`MaxResults must be a whole number from 1 to ${most}, got ${JSON.stringify(size)}`);
  }
  const from = Number(NextToken ?? 0);
  if (!Number.isInteger(from)) throw invalid("The continuation token is not valid");
  const to = from + (size as number);
  return { items: all.slice(from, to), ...(to < all.length ? { NextToken: String(to) } : {}) };
}

/** @throws ServiceError NotImplemented, naming the first member that is not known */
export function refuseUnknown(where: string, input: Json, known: readonly string[]): void {
  const unknown = Object.keys(input).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new ServiceError("NotImplemented", `the local glue does not know the member ${unknown} of ${where}`, 501);
  }
}

export const invalid = (message: string): ServiceError => new ServiceError("InvalidInputException", message);
